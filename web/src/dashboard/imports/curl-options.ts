// The options of curl: which take a value, what their letters are, and what cannot be imported. Pure.

import { Unreadable } from "./shell-words.ts";

/** Options in the order in which they were given; a URL that stands alone is the option `url`. */
export type Option = { name: string; value: string };

const LETTERS: Readonly<Record<string, string>> = {
  X: "request", H: "header", d: "data", u: "user", G: "get", k: "insecure", A: "user-agent", e: "referer", b: "cookie", I: "head",
  m: "max-time", F: "form", T: "upload-file", K: "config", x: "proxy", E: "cert", n: "netrc", L: "location", s: "silent", S: "show-error",
  v: "verbose", i: "include", f: "fail", o: "output", O: "remote-name", w: "write-out", N: "no-buffer", D: "dump-header", g: "globoff",
  c: "cookie-jar", r: "range", J: "remote-header-name", R: "remote-time", j: "junk-session-cookies", a: "append", Z: "parallel", q: "disable",
  C: "continue-at", z: "time-cond", Y: "speed-limit", y: "speed-time", U: "proxy-user", "#": "progress-bar", "0": "http1.0", "1": "tlsv1",
  "2": "sslv2", "3": "sslv3", "4": "ipv4", "6": "ipv6", ":": "next", l: "list-only", B: "use-ascii", M: "manual", V: "version", p: "proxytunnel",
  P: "ftp-port", Q: "quote", t: "telnet-option", h: "help",
};

/** Options with a value. What is not named here, and not `no-…`, has none. */
const WITH_VALUE = new Set([
  "request", "header", "data", "data-ascii", "data-raw", "data-binary", "data-urlencode", "json", "url", "url-query", "user", "user-agent",
  "referer", "cookie", "max-time", "connect-timeout", "oauth2-bearer", "form", "form-string", "upload-file", "config", "proxy", "cert", "key",
  "cacert", "capath", "resolve", "connect-to", "unix-socket", "abstract-unix-socket", "output", "write-out", "dump-header", "cookie-jar", "range",
  "retry", "retry-delay", "retry-max-time", "max-redirs", "interface", "proxy-user", "continue-at", "time-cond", "speed-limit", "speed-time",
  "limit-rate", "keepalive-time", "ciphers", "tls-max", "curves", "pass", "cert-type", "key-type", "pinnedpubkey", "aws-sigv4", "socks5",
  "socks5-hostname", "socks4", "socks4a", "proxy-header", "noproxy", "dns-servers", "local-port", "max-filesize", "trace", "trace-ascii",
  "stderr", "netrc-file", "proto", "proto-default", "proto-redir", "request-target", "rate", "output-dir", "expect100-timeout", "ftp-port", "quote",
  "telnet-option", "preproxy", "proxy-cacert", "proxy-cert", "proxy-key", "delegation", "service-name", "tls13-ciphers", "variable", "engine",
  "crlfile", "doh-url", "happy-eyeballs-timeout-ms", "hostpubmd5", "login-options", "alt-svc", "hsts", "create-file-mode", "postquote", "prequote",
]);

const REFUSED: Readonly<Record<string, string>> = {
  form: "sends a multipart form, which tasks cannot send",
  "form-string": "sends a multipart form, which tasks cannot send",
  "upload-file": "sends a file, which the server does not have",
  config: "reads options from a file",
  variable: "defines variables of curl",
  proxy: "sends the request through a proxy",
  preproxy: "sends the request through a proxy",
  socks4: "sends the request through a proxy",
  socks4a: "sends the request through a proxy",
  socks5: "sends the request through a proxy",
  "socks5-hostname": "sends the request through a proxy",
  cert: "needs a client certificate",
  key: "needs a client certificate",
  "unix-socket": "calls a socket of your machine",
  "abstract-unix-socket": "calls a socket of your machine",
  resolve: "calls another address than that of the name",
  "connect-to": "calls another address than that of the name",
  digest: "needs digest authentication",
  ntlm: "needs NTLM authentication",
  negotiate: "needs Kerberos authentication",
  anyauth: "chooses the authentication during the call",
  "aws-sigv4": "signs each request",
  netrc: "reads the password from a file",
  "netrc-file": "reads the password from a file",
  next: "makes several requests: import one at a time",
  parallel: "makes several requests: import one at a time",
  "request-target": "sends another path than that of the URL",
};

const IGNORED: Readonly<Record<string, string>> = {
  insecure: "certificates are always checked",
  cacert: "certificates are checked with those that the server trusts",
  capath: "certificates are checked with those that the server trusts",
  pinnedpubkey: "certificates are checked with those that the server trusts",
  "cookie-jar": "cookies are not kept between runs",
  "max-redirs": "the server sets the number of redirects",
  retry: "set the retries of the task instead",
  "retry-delay": "set the retries of the task instead",
  "retry-max-time": "set the retries of the task instead",
  output: "the answer is kept with the run",
  "remote-name": "the answer is kept with the run",
};

/** Reads the arguments of curl. Throws Unreadable. */
export function readOptions(words: readonly string[]): Option[] {
  const found: Option[] = [];
  const left = [...words];
  let isOver = false;
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "--" && !isOver) isOver = true;
    else if (isOver || !word.startsWith("-") || word === "-") found.push({ name: "url", value: word });
    else if (word.startsWith("--")) found.push(readLong(word.slice(2), left));
    else found.push(...readShort(word.slice(1), left));
  }
  for (const { name } of found) refuse(name);
  return found;
}

/** Returns why an option has no effect on the task; undefined if it has one, or never matters. */
export function whyIgnored(name: string): string | undefined {
  return IGNORED[name];
}

function readLong(word: string, left: string[]): Option {
  if (!WITH_VALUE.has(word)) return { name: word, value: "" };
  return { name: word, value: takeValue(`--${word}`, left) };
}

/** Reads letters that stand together, such as -sXPOST. */
function readShort(letters: string, left: string[]): Option[] {
  const found: Option[] = [];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? "";
    const name = LETTERS[letter];
    if (name === undefined) throw new Unreadable(`curl has no option -${letter}.`);
    if (WITH_VALUE.has(name)) {
      const attached = letters.slice(at + 1);
      return [...found, { name, value: attached || takeValue(`-${letter}`, left) }];
    }
    found.push({ name, value: "" });
  }
  return found;
}

function takeValue(option: string, left: string[]): string {
  const value = left.shift();
  if (value === undefined) throw new Unreadable(`The option ${option} has no value.`);
  return value;
}

function refuse(name: string): void {
  const reason = REFUSED[name];
  if (reason !== undefined) throw new Unreadable(`The option --${name} ${reason}. It cannot be imported.`);
}
