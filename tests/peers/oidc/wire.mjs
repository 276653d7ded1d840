// Writes down what the server is sent and answers, where a test looks for secrets in its own logs.
import { appendFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.INTEGRATION_LEAKS;

export function record(request, response) {
  if (!folder) return;
  const [sent, answered] = [[], []];
  // Listening to the body here would take it from the server.
  const push = request.push.bind(request);
  request.push = (piece, ...rest) => {
    if (piece) sent.push(Buffer.from(piece));
    return push(piece, ...rest);
  };
  for (const name of ["write", "end"]) {
    const through = response[name].bind(response);
    response[name] = (piece, ...rest) => {
      if (typeof piece === "string" || piece instanceof Uint8Array) answered.push(Buffer.from(piece));
      return through(piece, ...rest);
    };
  }
  response.on("finish", () => {
    const pairs = (headers) =>
      Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => [name, `${one}`]));
    const line = {
      target: request.url,
      sent: { headers: pairs(request.headers), body: `${Buffer.concat(sent)}` },
      answered: { headers: pairs(response.getHeaders()), body: `${Buffer.concat(answered)}` },
    };
    appendFileSync(join(folder, `wire-${process.pid}`), `${JSON.stringify(line)}\n`);
  });
}
