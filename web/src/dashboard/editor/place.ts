// Where in a YAML text one is, while it is being written and may be incomplete. Pure.

import type { Path } from "./schema.ts";

/** `path` is that of the object or list around. `key` is what is being given a value, if anything. */
export type Place = { path: Path; key: string | null; word: string; isItem: boolean };

const ENTRY = /^(\s*)((?:-\s+)*)(?:([A-Za-z_][\w-]*)\s*:(?:\s|$))?/;
const MEMBER = /([A-Za-z_][\w-]*)\s*:\s*$/;

type Line = { indent: number; dashes: number[]; key: string | null; rest: string };

/** Finds the place at the end of a text, by its indentation, and by the braces of its last line. */
export function placeAt(text: string): Place {
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  const word = /[\w-]*$/.exec(last)?.[0] ?? "";
  const before = last.slice(0, last.length - word.length);
  const { indent, dashes, key, rest } = readLine(before);
  const outer = pathOf(lines, dashes[0] ?? indent, dashes.map(() => 0));
  if (key === null && rest.trim() === "") return { path: outer, key: null, word, isItem: dashes.length > 0 };
  return inBraces(rest, outer, key, word);
}

/** Goes into the braces and brackets that a value has opened. */
function inBraces(rest: string, outer: Path, key: string | null, word: string): Place {
  const path = [...outer];
  let current: string | number | null = key; // what is being given a value
  let member = "";
  for (const character of rest) {
    if (character === "{" || character === "[") {
      if (current !== null) path.push(current);
      current = character === "[" ? 0 : null;
      member = "";
    } else if (character === "}" || character === "]") {
      const closed = path.pop();
      current = closed ?? null;
      member = "";
    } else if (character === ",") {
      if (current !== 0) current = null;
      member = "";
    } else {
      member += character;
      const named = MEMBER.exec(member)?.[1];
      if (named !== undefined && current === null) current = named;
    }
  }
  if (current === 0) return { path: [...path], key: null, word, isItem: true };
  return { path, key: typeof current === "string" ? current : null, word, isItem: false };
}

/** Returns the path of the object to which a line of this indentation belongs. It begins items with `inside`. */
function pathOf(lines: string[], indent: number, inside: Path): Path {
  const path = [...inside];
  let limit = indent;
  for (const text of lines.reverse()) {
    if (text.trim() === "" || text.trimStart().startsWith("#")) continue;
    const line = readLine(text);
    const dashes = [...line.dashes].reverse().map((dash) => [dash, 0] as const);
    for (const [place, name] of [[line.indent, line.key] as const, ...dashes]) {
      // the items of a list may be as far to the left as the key of the list
      const isParent = place < limit || (place === limit && name !== null && name !== 0 && path[0] === 0);
      if (name === null || !isParent) continue;
      path.unshift(name);
      limit = place;
    }
    if (limit === 0 && typeof path[0] === "string") break;
  }
  return path;
}

function readLine(text: string): Line {
  const [whole = "", space = "", dashes = "", key] = ENTRY.exec(text) ?? [];
  const places = [...dashes.matchAll(/-/g)].map(({ index }) => space.length + index);
  return { indent: space.length + dashes.length, dashes: places, key: key ?? null, rest: text.slice(whole.length) };
}
