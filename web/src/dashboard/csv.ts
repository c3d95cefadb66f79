// Tables as CSV (RFC 4180), which spreadsheets open without running anything in them.

export type Cell = string | number | null;

/** Returns a row with its line end. */
export function toCsvRow(cells: readonly Cell[]): string {
  return `${cells.map(toCell).join(",")}\r\n`;
}

function toCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text = isFormula(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Tells whether a spreadsheet could take the text for a formula. An apostrophe before it makes it a text. */
function isFormula(text: string): boolean {
  return /^[\s\u0000]*[=+\-@\t\r|%\uff1d\uff0b\uff0d\uff20]/.test(text);
}
