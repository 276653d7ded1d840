// A browser that a script drives: keeps cookies, follows redirects, fills in the provider's forms.
const HOPS = 20;

export class Browser {
  cookies = new Map();

  async fetch(url, init) {
    const headers = new Headers(init.headers);
    const sent = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    if (sent) headers.set("cookie", sent);
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = cookie.split(";");
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      const isGone = !value || attributes.some((text) => /expires=Thu, 01 Jan 1970/i.test(text));
      if (isGone) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  // Goes on until an address begins with `stopAt`: what would be sent there. Else the last page.
  async visit(url, { stopAt, login = "alice", abort = false }) {
    let init = {};
    let isAborted = false;
    for (let hop = 0; hop < HOPS; hop++) {
      if (stopAt && url.startsWith(stopAt)) {
        return { url, method: init.method ?? "GET", body: init.body?.toString() ?? null };
      }
      const answer = await this.fetch(url, init);
      init = {};
      if (answer.status >= 300 && answer.status < 400) {
        url = new URL(answer.headers.get("location"), url).href;
        continue;
      }
      const page = await answer.text();
      const way = abort && page.match(/href="([^"]*\/abort)"/);
      if (way) {
        url = new URL(way[1], url).href;
        [abort, isAborted] = [false, true];
        continue;
      }
      const form = page.match(/<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)(<\/form>|$)/);
      if (!form || isAborted) return { status: answer.status, page, url };
      const fields = filled(page, login);
      url = new URL(form[1].replaceAll("&amp;", "&"), url).href;
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      init = { method: "POST", body: fields, headers };
    }
    throw new Error(`more than ${HOPS} pages`);
  }
}

function filled(page, login) {
  const fields = new URLSearchParams();
  for (const [input] of page.matchAll(/<input[^>]*>/g)) {
    const name = input.match(/name="([^"]+)"/)?.[1];
    const value = input.match(/value="([^"]*)"/)?.[1] ?? "";
    if (name) fields.set(name, value.replaceAll("&amp;", "&"));
  }
  if (fields.has("login")) {
    fields.set("login", login);
    fields.set("password", "x");
  }
  if (/name="logout"/.test(page)) fields.set("logout", "yes");
  return fields;
}
