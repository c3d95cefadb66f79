import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

const TYPING_MS = 250;
type Props = { label: string; value: string; change: (text: string) => void };

/** A field that tells what is searched for when the typing pauses. `/` leads to it. */
export function SearchField({ label, value, change }: Props): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (field.current && document.activeElement !== field.current) field.current.value = value;
  }, [value]);
  const typed = (event: Event): void => {
    const text = (event.currentTarget as HTMLInputElement).value;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => change(text.trim()), TYPING_MS);
  };
  return (
    <input
      ref={field}
      class="search"
      type="search"
      placeholder={label}
      aria-label={label}
      aria-keyshortcuts="/"
      defaultValue={value}
      onInput={typed}
    />
  );
}
