import type { ComponentChildren, JSX } from "preact";
import { useRef } from "preact/hooks";

export type Row = { name: string; value: string };
type Props<Each extends Row> = {
  /** What one row is, such as "Header". */
  what: string;
  path?: string;
  rows: readonly Each[];
  set: (rows: readonly Each[]) => void;
  empty: Each;
  /** ID of a datalist that offers values. */
  valueList?: string;
  placeholder?: (row: Each) => string;
  isHidden?: (row: Each) => boolean;
  extra?: (row: Each, change: (changes: Partial<Each>) => void, number: number) => ComponentChildren;
  problem?: string | undefined;
};

/** Rows of names and values, to which one can add. */
export function Rows<Each extends Row>({ what, path, rows, set, empty, valueList, placeholder, isHidden, extra, problem }: Props<Each>): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const add = (): void => {
    set([...rows, empty]);
    requestAnimationFrame(() => list.current?.querySelector<HTMLInputElement>(".pair:last-child input")?.focus());
  };
  const change = (at: number, changes: Partial<Each>): void => set(rows.map((row, index) => (index === at ? { ...row, ...changes } : row)));
  return (
    <div class="rows" data-field={path}>
      <div ref={list}>
        {rows.map((row, at) => (
          <div class="pair" key={at}>
            <input
              class="mono"
              aria-label={`${what} ${at + 1}: name`}
              aria-invalid={problem !== undefined}
              placeholder="Name"
              value={row.name}
              spellcheck={false}
              autocomplete="off"
              onInput={(event) => change(at, { name: event.currentTarget.value } as Partial<Each>)}
            />
            <input
              class="mono"
              type={isHidden?.(row) ? "password" : "text"}
              aria-label={`${what} ${at + 1}: value`}
              list={valueList}
              placeholder={placeholder?.(row) ?? "Value"}
              value={row.value}
              spellcheck={false}
              autocomplete="off"
              onInput={(event) => change(at, { value: event.currentTarget.value } as Partial<Each>)}
            />
            {extra?.(row, (changes) => change(at, changes), at + 1)}
            <button type="button" class="quiet remove" aria-label={`Remove ${what.toLowerCase()} ${at + 1}`} onClick={() => set(rows.filter((_, index) => index !== at))}>
              ✕
            </button>
          </div>
        ))}
      </div>
      {problem && <p class="problem">{problem}</p>}
      <button type="button" class="link add" onClick={add}>
        Add {what.toLowerCase()}
      </button>
    </div>
  );
}
