// The lines of a crontab, each with the request that it makes. Pure.

import { noteRest, readCurlWords } from "./curl.ts";
import type { ImportedRequest } from "./request.ts";
import { splitCommand, Unreadable } from "./shell-words.ts";
import { readWgetWords } from "./wget.ts";

/** A line with a command. `reason` says why it cannot be imported; then there is no request. */
export type CrontabEntry = {
  line: number;
  name: string;
  expression: string;
  timeZone: string;
  command: string;
  request: ImportedRequest | null;
  reason: string;
};
type State = { variables: Record<string, string>; timeZone: string; comment: string };

const ASSIGNMENT = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/;
const ENTRY = /^\s*(@[A-Za-z]+|(?:\S+\s+){4}\S+)\s+(\S.*?)\s*$/;
const COMMENTED_OUT = /^(?:@[a-z]+\s|[\d*/,-]+\s+[\d*/,-]+\s+\S+\s+\S+\s+\S+\s)/i;
const TABLE_HEAD = /^m\s+h\s+|^\*|^-{3}|^min(?:ute)?\b/i;
const KNOWN = /(?:^|\/)(?:curl|wget|env|chronic|nice|ionice|flock|timeout)$/;
const MAX_NAME = 200;

/** Reads a crontab. `timeZone` applies until a line sets CRON_TZ. */
export function readCrontab(text: string, timeZone: string): CrontabEntry[] {
  const state: State = { variables: {}, timeZone, comment: "" };
  return text.split(/\r?\n/).flatMap((line, index) => readLine(line, index + 1, state));
}

function readLine(line: string, number: number, state: State): CrontabEntry[] {
  const text = line.trim();
  if (text === "") state.comment = "";
  else if (text.startsWith("#")) state.comment = readComment(text) || state.comment;
  else if (ASSIGNMENT.test(text)) assign(text, state);
  else {
    const entry = readEntry(text, number, state);
    state.comment = "";
    return [entry];
  }
  return [];
}

/** Returns what a comment says; nothing for a line of a table or a command that was turned off. */
function readComment(text: string): string {
  const said = text.replace(/^[#\s]+/, "").trim();
  return COMMENTED_OUT.test(said) || TABLE_HEAD.test(said) ? "" : said;
}

function assign(text: string, state: State): void {
  const [, name = "", quoted = ""] = ASSIGNMENT.exec(text) ?? [];
  const value = quoted.replace(/^(["'])(.*)\1$/, "$2");
  if (name === "CRON_TZ" || name === "TZ") state.timeZone = value;
  else state.variables[name] = value;
}

function readEntry(text: string, line: number, { variables, timeZone, comment }: State): CrontabEntry {
  const [, expression = "", command = ""] = ENTRY.exec(text) ?? [];
  const base = { line, timeZone, expression: expression.replace(/\s+/g, " "), command: command || text, request: null };
  const failed = (reason: string): CrontabEntry => ({ ...base, name: shorten(comment || base.command), reason });
  if (expression === "") return failed("This is no line of a crontab: five fields or @daily, then a command.");
  if (expression.toLowerCase() === "@reboot") return failed("@reboot is not a time: tasks cannot run when a machine starts.");
  try {
    const request = readCommand(readPercent(command), variables);
    return { ...base, name: shorten(comment || nameOf(request)), request, reason: "" };
  } catch (error) {
    if (error instanceof Unreadable) return failed(error.message);
    throw error;
  }
}

/** In a crontab, a percent sign without a backslash ends the command. */
function readPercent(command: string): string {
  if (/(^|[^\\])%/.test(command)) throw new Unreadable("In a crontab, % ends the command. Write \\% where it is meant.");
  return command.replaceAll("\\%", "%");
}

function readCommand(command: string, variables: Readonly<Record<string, string>>): ImportedRequest {
  const { words, rest } = splitCommand(command, variables);
  const { words: called, seconds } = unwrap(words);
  const program = (called[0] ?? "").split("/").at(-1);
  if (program !== "curl" && program !== "wget") {
    throw new Unreadable(`It runs ${program || "a command"} on your machine. Only calls by curl and wget can be imported.`);
  }
  const request = program === "curl" ? readCurlWords(called) : readWgetWords(called);
  return { ...request, ...(seconds && { timeout: seconds }), notes: [...request.notes, ...noteRest(rest)] };
}

/** Removes what stands before the program: variables, a user, and programs that start others. */
function unwrap(words: readonly string[]): { words: readonly string[]; seconds: number | null } {
  const [first = "", second = "", ...others] = words;
  const program = first.split("/").at(-1);
  if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(first) || program === "env" || program === "chronic") return unwrap(words.slice(1));
  if (program === "nice" || program === "ionice") return unwrap(words.slice(second.startsWith("-") ? (/^-[nc]$/.test(second) ? 3 : 2) : 1));
  if (program === "flock") return unwrap(words.slice(words.findIndex((word, at) => at > 0 && !word.startsWith("-")) + 1));
  if (program === "timeout") {
    const at = words.findIndex((word, index) => index > 0 && /^\d/.test(word) && words[index - 1] !== "-k");
    return { words: unwrap(words.slice(at + 1)).words, seconds: at < 0 ? null : toSeconds(words[at] ?? "") };
  }
  const isUser = /^[a-z_][a-z0-9_-]*$/.test(first) && !KNOWN.test(first) && KNOWN.test(second); // of /etc/crontab
  return isUser ? unwrap([second, ...others]) : { words, seconds: null };
}

function toSeconds(text: string): number | null {
  const [, count = "", unit = ""] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text) ?? [];
  return Number(count) * ({ "": 1, s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? 1) || null;
}

/** Names a request by its host and path. */
export function nameOf({ url }: Pick<ImportedRequest, "url">): string {
  return url.replace(/^[a-z]+:\/\//i, "").replace(/[?#].*$/s, "").replace(/\/$/, "");
}

function shorten(text: string): string {
  const line = text.replace(/[\u0000-\u001f\u007f]+/g, " ").trim();
  return line.length <= MAX_NAME ? line : `${line.slice(0, MAX_NAME - 1)}…`;
}
