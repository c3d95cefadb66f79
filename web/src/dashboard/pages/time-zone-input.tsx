import type { JSX } from "preact";

import type { ControlProps } from "../ui/form.tsx";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

type Props = ControlProps & { value: string; change: (zone: string) => void };

/** A field for a time zone, which suggests those that the browser knows, and offers its own. */
export function TimeZoneInput({ value, change, ...control }: Props): JSX.Element {
  return (
    <>
      <input
        {...control}
        list={`${control.id}-zones`}
        required
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
      <datalist id={`${control.id}-zones`}>
        {ZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
      {value !== HERE && (
        <button type="button" class="link small" onClick={() => change(HERE)}>
          Use {HERE}, as your browser does
        </button>
      )}
    </>
  );
}
