// The package oauth2-mock-server, on the loopback at $PORT. It says READY and its issuer.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.INTEGRATION_PEERS_NODE}/`);
const { OAuth2Server } = await import(pathToFileURL(require.resolve("oauth2-mock-server")).href);

const server = new OAuth2Server();
await server.issuer.keys.generate("RS256");
await server.start(Number(process.env.PORT), "127.0.0.1");
console.log("READY", server.issuer.url);
