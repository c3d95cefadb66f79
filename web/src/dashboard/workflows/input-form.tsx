// Fields for the inputs of a workflow: each type has its control.

import type { JSX } from "preact";

import { JsonControl } from "../editor/json-field.tsx";
import { type ControlProps, Field } from "../ui/form.tsx";
import type { InputSpec } from "./definition.ts";
import type { Entries } from "./inputs.ts";

type Props = { specs: InputSpec[]; entries: Entries; change: (entries: Entries) => void };

export function InputFields({ specs, entries, change }: Props): JSX.Element {
  return (
    <>
      {specs.map((spec) => {
        const { name, description } = spec;
        const set = (text: string): void => change({ ...entries, [name]: text });
        return (
          <Field key={name} name={`input.${name}`} label={<Label spec={spec} />} hint={description}>
            {(control) => <Control control={control} spec={spec} value={entries[name] ?? ""} change={set} />}
          </Field>
        );
      })}
    </>
  );
}

function Label({ spec: { name, type, isRequired } }: { spec: InputSpec }): JSX.Element {
  return (
    <>
      {name}{" "}
      <span class="faint">
        {type === "any" ? "JSON" : type}
        {!isRequired && ", optional"}
      </span>
    </>
  );
}

type InputProps = { control: ControlProps; spec: InputSpec; value: string; change: (text: string) => void };

function Control({ control, spec: { name, type }, value, change }: InputProps): JSX.Element {
  if (type === "object" || type === "array" || type === "any") {
    return <JsonControl control={control} label={`${name}, as JSON`} initial={value} change={change} />;
  }
  if (type === "boolean") {
    return (
      <select {...control} value={value} onChange={(event) => change(event.currentTarget.value)}>
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    );
  }
  const inputMode = type === "string" ? "text" : "decimal";
  return (
    <input {...control} inputMode={inputMode} autoComplete="off" value={value} onInput={(event) => change(event.currentTarget.value)} />
  );
}
