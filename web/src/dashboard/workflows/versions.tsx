// The versions of a workflow: two of them are compared.

import type { JSX } from "preact";

import { useFilters } from "../address.ts";
import { Time } from "../ui/time.tsx";
import { VersionDiff } from "./version-diff.tsx";

type Version = { number: number; createdAt: string };

export function Versions({ name, versions }: { name: string; versions: Version[] }): JSX.Element {
  const [filters, change] = useFilters();
  const numbers = versions.map(({ number }) => number);
  const after = pick(filters.get("to"), numbers) ?? numbers[0] ?? 1;
  const before = pick(filters.get("from"), numbers) ?? numbers.find((number) => number < after) ?? after;
  const isShown = filters.has("to");
  const toggle = (): void => change(isShown ? { to: null, from: null } : { to: String(after), from: String(before) });
  if (versions.length < 2) return <p class="faint">There is one version. Each save that changes something adds one.</p>;
  return (
    <>
      <div class="inline-form compare">
        <VersionChoice label="From" versions={versions} value={before} change={(from) => change({ from, to: String(after) })} />
        <VersionChoice label="To" versions={versions} value={after} change={(to) => change({ to, from: String(before) })} />
        <button type="button" aria-expanded={isShown} onClick={toggle}>
          {isShown ? "Hide changes" : "Show changes"}
        </button>
      </div>
      {isShown && <VersionDiff key={`${before} ${after}`} name={name} before={before} after={after} />}
    </>
  );
}

type ChoiceProps = { label: string; versions: Version[]; value: number; change: (number: string) => void };

function VersionChoice({ label, versions, value, change }: ChoiceProps): JSX.Element {
  const saved = versions.find(({ number }) => number === value);
  return (
    <label>
      {label}
      <span class="choice">
        <select value={String(value)} onChange={(event) => change(event.currentTarget.value)}>
          {versions.map(({ number }) => (
            <option key={number} value={String(number)}>
              Version {number}
            </option>
          ))}
        </select>
        {saved && <Time at={saved.createdAt} as="moment" />}
      </span>
    </label>
  );
}

function pick(text: string | null, numbers: number[]): number | undefined {
  return numbers.find((number) => String(number) === text);
}
