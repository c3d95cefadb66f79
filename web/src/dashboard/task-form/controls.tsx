// Controls of the task form.

import type { ComponentChildren, JSX } from "preact";

import { JsonControl } from "../editor/json-field.tsx";
import { Field } from "../ui/form.tsx";

type SectionProps = { title: string; about: ComponentChildren; children: ComponentChildren };

/** A part of the form: what it is about, and its fields. */
export function FormSection({ title, about, children }: SectionProps): JSX.Element {
  return (
    <section class="form-section" aria-label={title}>
      <div class="about">
        <h2>{title}</h2>
        <p>{about}</p>
      </div>
      <div class="fields">{children}</div>
    </section>
  );
}

type LineProps = {
  name: string;
  label: ComponentChildren;
  value: string;
  set: (value: string) => void;
  hint?: ComponentChildren;
  type?: string;
  placeholder?: string;
  isCode?: boolean;
  list?: string;
  autocomplete?: string;
};

/** A field of one line. */
export function Line({ name, label, value, set, hint, isCode = false, type = "text", ...more }: LineProps): JSX.Element {
  return (
    <Field name={name} label={label} hint={hint}>
      {(control) => (
        <input
          {...control}
          {...more}
          type={type}
          step={type === "datetime-local" ? "any" : undefined} // stored times have seconds
          class={isCode ? "mono" : undefined}
          value={value}
          spellcheck={false}
          autocomplete={more.autocomplete ?? "off"}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

type TextProps = Pick<LineProps, "name" | "label" | "value" | "set" | "hint" | "isCode" | "placeholder"> & { rows?: number };

/** A field of several lines. */
export function Text({ name, label, value, set, hint, placeholder, isCode = true, rows = 5 }: TextProps): JSX.Element {
  return (
    <Field name={name} label={label} hint={hint}>
      {(control) => (
        <textarea
          {...control}
          class={isCode ? "mono" : undefined}
          rows={Math.min(Math.max(rows, value.split("\n").length), 24)}
          value={value}
          spellcheck={!isCode}
          placeholder={placeholder}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

type JsonProps = Pick<LineProps, "name" | "value" | "set" | "hint"> & { label: string };

/** A field of JSON. It begins with the value, and holds the text from then on. */
export function Json({ name, label, hint, value, set }: JsonProps): JSX.Element {
  return (
    <Field name={name} label={label} hint={hint}>
      {(control) => <JsonControl control={control} label={label} initial={value} change={set} />}
    </Field>
  );
}

type ChoiceProps = Pick<LineProps, "name" | "label" | "value" | "set" | "hint"> & { choices: readonly (readonly [string, string])[] };

/** A choice among a few values, each with its words. */
export function Choice({ name, label, value, set, hint, choices }: ChoiceProps): JSX.Element {
  return (
    <Field name={name} label={label} hint={hint}>
      {(control) => (
        <select {...control} value={value} onChange={(event) => set(event.currentTarget.value)}>
          {choices.map(([each, words]) => (
            <option key={each} value={each}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

type CheckProps = { name: string; label: ComponentChildren; isOn: boolean; set: (isOn: boolean) => void };

export function Check({ name, label, isOn, set }: CheckProps): JSX.Element {
  return (
    <label class="check" data-field={name}>
      <input type="checkbox" name={name} checked={isOn} onChange={(event) => set(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

type SegmentsProps<Value extends string> = {
  label: string;
  value: Value;
  set: (value: Value) => void;
  choices: readonly (readonly [Value, string])[];
};

/** A choice among a few kinds, all of which are seen. */
export function Segments<Value extends string>({ label, value, set, choices }: SegmentsProps<Value>): JSX.Element {
  return (
    <div class="segments" role="group" aria-label={label}>
      {choices.map(([each, words]) => (
        <button key={each} type="button" aria-pressed={value === each} onClick={() => set(each)}>
          {words}
        </button>
      ))}
    </div>
  );
}

type TogglesProps = { label: string; values: readonly number[]; isOn: (value: number) => boolean; toggle: (value: number) => void; show: (value: number) => string; name?: (value: number) => string };

/** Buttons of which any number can be on. */
export function Toggles({ label, values, isOn, toggle, show, name = show }: TogglesProps): JSX.Element {
  return (
    <div class="toggles" role="group" aria-label={label}>
      {values.map((value) => (
        <button key={value} type="button" aria-pressed={isOn(value)} title={name(value)} onClick={() => toggle(value)}>
          {show(value)}
        </button>
      ))}
    </div>
  );
}
