// The words of a command as a POSIX shell reads them, with the $'…' that browsers write. References to secrets, which no
// shell can read, stay as they are. Pure.

import { leadingReference } from "../secret-references.ts";

/** A command that cannot be read. The message is for the user. */
export class Unreadable extends Error {}

/** Words of the first command, and what follows it, such as a pipe: empty if nothing does. */
export type Command = { words: string[]; rest: string };
type Variables = Readonly<Record<string, string>>;

const BLANK = /[ \t]/;
const ENDS = new Set(["\n", ";", "|", "&", "(", ")"]);
const NAME = /^(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/;
const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07", b: "\b", e: "\x1b", E: "\x1b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\\": "\\", "'": "'", '"': '"', "?": "?",
};

/** Splits the first command into words. `variables` are the known ones. Throws Unreadable. */
export function splitCommand(text: string, variables: Variables = {}): Command {
  return new Splitter(text.replace(/\r\n/g, "\n"), variables).split();
}

class Splitter {
  #at = 0;
  #word: string | null = null;
  readonly #words: string[] = [];
  readonly #text: string;
  readonly #variables: Variables;

  constructor(text: string, variables: Variables) {
    this.#text = text;
    this.#variables = variables;
  }

  split(): Command {
    while (this.#at < this.#text.length) {
      const char = this.#take();
      if (char === "\n" && this.#word === null && this.#words.length === 0) continue;
      if (ENDS.has(char)) return this.#end(this.#at - 1);
      if (char === "#" && this.#word === null) this.#skipComment();
      else if (char === "<" || char === ">") this.#redirect(char);
      else this.#read(char);
    }
    return this.#end(this.#at);
  }

  #read(char: string): void {
    if (BLANK.test(char)) this.#finishWord();
    else if (char === "\\") this.#escape();
    else if (char === "'") this.#add(this.#until("'"));
    else if (char === '"') this.#add(this.#doubleQuoted());
    else if (char === "$") this.#add(this.#dollar(false));
    else if (char === "`") throw new Unreadable("A command between backticks is not run here. Put its result in its place.");
    else this.#add(char);
  }

  #take(): string {
    return this.#text[this.#at++] ?? "";
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #add(text: string): void {
    this.#word = (this.#word ?? "") + text;
  }

  #finishWord(): void {
    if (this.#word !== null) this.#words.push(this.#word);
    this.#word = null;
  }

  #end(at: number): Command {
    this.#finishWord();
    return { words: this.#words, rest: this.#text.slice(at).trim() };
  }

  #escape(): void {
    const char = this.#take();
    if (char !== "\n") this.#add(char || "\\"); // a newline joins two lines
  }

  /** Returns the text up to a quote, which is taken too. */
  #until(quote: string): string {
    const end = this.#text.indexOf(quote, this.#at);
    if (end < 0) throw new Unreadable(`A quotation mark ${quote} is missing: the one at character ${this.#at} is not closed.`);
    const found = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return found;
  }

  #doubleQuoted(): string {
    const start = this.#at;
    let found = "";
    while (this.#at < this.#text.length) {
      const char = this.#take();
      if (char === '"') return found;
      if (char === "`") throw new Unreadable("A command between backticks is not run here. Put its result in its place.");
      if (char === "$") found += this.#dollar(true);
      else if (char === "\\") found += this.#escapeInQuotes();
      else found += char;
    }
    throw new Unreadable(`A quotation mark " is missing: the one at character ${start} is not closed.`);
  }

  #escapeInQuotes(): string {
    const char = this.#take();
    if (char === "\n") return "";
    return '$`"\\'.includes(char) && char !== "" ? char : `\\${char}`;
  }

  #dollar(isQuoted: boolean): string {
    if (!isQuoted && this.#peek() === "'") return this.#ansiQuoted();
    if (!isQuoted && this.#peek() === '"') return ""; // $"…" is translated text, which is itself
    const rest = this.#text.slice(this.#at);
    const reference = leadingReference(`$${rest.slice(0, 200)}`);
    if (reference !== null) {
      this.#at += reference.length - 1;
      return reference;
    }
    const found = NAME.exec(rest);
    if (found) return this.#variable(found[1] ?? found[2] ?? "", found[0].length);
    if (/^[({0-9@*#?!$-]/.test(rest)) {
      const shown = rest.slice(0, 20).split("\n")[0] ?? "";
      throw new Unreadable(`$${shown} is not evaluated here. Put its value in its place.`);
    }
    return "$";
  }

  #variable(name: string, length: number): string {
    const value = this.#variables[name];
    if (value === undefined) throw new Unreadable(`The variable $${name} is not known here. Put its value in its place.`);
    this.#at += length;
    return value;
  }

  /** Reads $'…', in which escapes are as in C. */
  #ansiQuoted(): string {
    const start = ++this.#at;
    const bytes: number[] = [];
    while (this.#at < this.#text.length) {
      const char = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
      this.#at += char.length;
      if (char === "'") return new TextDecoder().decode(new Uint8Array(bytes));
      bytes.push(...(char === "\\" ? this.#ansiEscape() : new TextEncoder().encode(char)));
    }
    throw new Unreadable(`A quotation mark ' is missing: the one at character ${start} is not closed.`);
  }

  #ansiEscape(): Iterable<number> {
    const number = /^(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3}))/.exec(this.#text.slice(this.#at));
    if (number) {
      this.#at += number[0].length;
      const [, byte, short, long, octal] = number;
      if (byte ?? octal) return [byte ? Number.parseInt(byte, 16) : Number.parseInt(octal ?? "", 8) & 255];
      const point = Number.parseInt(short ?? long ?? "", 16);
      if (point > 0x10ffff) throw new Unreadable(`\\U${long} is not a character.`);
      return new TextEncoder().encode(String.fromCodePoint(point));
    }
    const char = this.#take();
    return new TextEncoder().encode(ESCAPES[char] ?? `\\${char}`);
  }

  #skipComment(): void {
    while (this.#at < this.#text.length && this.#peek() !== "\n") this.#at++;
  }

  /** Skips a redirection of output, with its file. A number before it is the descriptor. */
  #redirect(char: string): void {
    if (this.#word !== null && /^\d+$/.test(this.#word)) this.#word = null;
    this.#finishWord();
    if (char === "<") throw new Unreadable("Input from a file (<) cannot be imported. Put the text into the command.");
    while (/[>|&]/.test(this.#peek())) this.#at++;
    while (BLANK.test(this.#peek())) this.#at++;
    const target = new Splitter(this.#text.slice(this.#at), this.#variables);
    this.#at += target.#skipWord();
  }

  #skipWord(): number {
    while (this.#at < this.#text.length && !/[\s;|&()<>]/.test(this.#peek())) this.#read(this.#take());
    return this.#at;
  }
}
