// JSON as people type it: its value, or what is wrong and where, in the same words in every browser. Pure.

/** `at` is the offset in the text; `line` and `column` count from 1. */
export type JsonFault = { at: number; line: number; column: number; message: string };
export type JsonRead = { value: unknown; fault: null } | { value: undefined; fault: JsonFault };

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
const DEEPEST = 500;

/** Reads a JSON text. */
export function readJson(text: string): JsonRead {
  try {
    return { value: JSON.parse(text) as unknown, fault: null };
  } catch (error) {
    const { at, message } = new Finder(text).find() ?? { at: 0, message: String(error) };
    const before = text.slice(0, at).split("\n");
    return { value: undefined, fault: { at, message, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 } };
  }
}

/** Says where a fault is, and what it is. */
export function tellFault({ line, column, message }: JsonFault): string {
  return `Line ${line}, column ${column}: ${message}`;
}

class Fault {
  readonly at: number;
  readonly message: string;

  constructor(at: number, message: string) {
    this.at = at;
    this.message = message;
  }
}

/** Finds the first place at which a text is no JSON. Browsers tell of it in their own words, and not all of them where. */
class Finder {
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  find(): Fault | null {
    try {
      this.#value(0);
      return this.#next() === "" ? null : new Fault(this.#at, "nothing can follow the value.");
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }

  /** Skips white space, and returns the next character; an empty text at the end. */
  #next(): string {
    this.#take(SPACE);
    return this.#text.charAt(this.#at);
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found !== null;
  }

  #skip(character: string): boolean {
    const isThere = this.#next() === character;
    if (isThere) this.#at += 1;
    return isThere;
  }

  #fail(message: string): never {
    throw new Fault(this.#at, message);
  }

  #value(depth: number): void {
    const next = this.#next();
    if (depth > DEEPEST) this.#fail("it is nested too deeply.");
    if (next === "{") this.#list("}", () => this.#member(depth));
    else if (next === "[") this.#list("]", () => this.#value(depth + 1));
    else if (next === '"') this.#string();
    else if (!this.#take(SCALAR)) this.#fail(next === "'" ? "texts need double quotes." : "a value is expected: text in double quotes, a number, true, false, null, { or [.");
  }

  #list(end: string, readItem: () => void): void {
    this.#at += 1;
    if (this.#skip(end)) return;
    do readItem();
    while (this.#skip(","));
    if (!this.#skip(end)) this.#fail(`a comma or ${end} is expected.`);
  }

  #member(depth: number): void {
    if (this.#next() !== '"') this.#fail("a name in double quotes is expected.");
    this.#string();
    if (!this.#skip(":")) this.#fail("a colon is expected.");
    this.#value(depth + 1);
  }

  #string(): void {
    if (!this.#take(STRING)) this.#fail("this text is not closed, or has a character that needs a backslash.");
  }
}
