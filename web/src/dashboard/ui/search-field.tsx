import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

const TYPING_MS = 250;
type Props = { value: string; label: string; change: (text: string) => void };

/** A field that searches while one types. `/` leads to it. */
export function SearchField({ value, label, change }: Props): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      if (event.key !== "/" || isTyping(event.target)) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
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

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
