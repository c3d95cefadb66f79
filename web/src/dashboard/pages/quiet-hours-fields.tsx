import type { JSX } from "preact";

import { formatEnum } from "../format.ts";
import { Field } from "../ui/form.tsx";
import type { Preferences } from "./notification-preferences.tsx";
import { ALL_KINDS, KINDS } from "./notification-kinds.tsx";

type Hours = NonNullable<Preferences["quietHours"]>;
type Props = {
  hours: Hours | null;
  channels: readonly { id: string; name: string }[];
  change: (hours: Hours | null) => void;
};
const DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"] as const;
const NIGHTS: Hours = { from: "22:00", to: "07:00", days: [...DAYS], exceptKinds: [], exceptChannelIds: [] };

/** The hours in which nothing is sent, and what is sent nevertheless. */
export function QuietHoursFields({ hours, channels, change }: Props): JSX.Element {
  return (
    <>
      <label class="check">
        <input type="checkbox" checked={hours !== null} onChange={() => change(hours === null ? NIGHTS : null)} />
        Quiet hours: what would be sent waits until they end
      </label>
      {hours && (
        <>
          <div class="row">
            <TimeField name="from" label="From" hours={hours} change={change} />
            <TimeField name="to" label="To" hours={hours} change={change} />
          </div>
          <Choice
            name="quietHours.days"
            label="Beginning on"
            items={DAYS.map((day) => ({ value: day, name: formatEnum(day).slice(0, 3) }))}
            chosen={hours.days}
            change={(days) => change({ ...hours, days })}
          />
          <Choice
            name="quietHours.exceptKinds"
            label="Sent nevertheless"
            items={ALL_KINDS.filter((kind) => KINDS[kind].group !== "Account").map((kind) => ({ value: kind, name: KINDS[kind].name }))}
            chosen={hours.exceptKinds}
            change={(exceptKinds) => change({ ...hours, exceptKinds })}
          />
          {channels.length > 0 && (
            <Choice
              name="quietHours.exceptChannelIds"
              label="Channels that stay awake"
              items={channels.map(({ id, name }) => ({ value: id, name }))}
              chosen={hours.exceptChannelIds}
              change={(exceptChannelIds) => change({ ...hours, exceptChannelIds })}
            />
          )}
        </>
      )}
    </>
  );
}

type TimeProps = { name: "from" | "to"; label: string; hours: Hours; change: (hours: Hours) => void };

function TimeField({ name, label, hours, change }: TimeProps): JSX.Element {
  return (
    <Field name={`quietHours.${name}`} label={label}>
      {(control) => (
        <input
          {...control}
          type="time"
          required
          value={hours[name]}
          onInput={(event) => change({ ...hours, [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
}

type ChoiceProps<Value extends string> = {
  name: string;
  label: string;
  items: readonly { value: Value; name: string }[];
  chosen: readonly Value[];
  change: (chosen: Value[]) => void;
};

/** Buttons of which any number is pressed. */
export function Choice<Value extends string>({ name, label, items, chosen, change }: ChoiceProps<Value>): JSX.Element {
  const toggle = (value: Value): void =>
    change(items.map((item) => item.value).filter((each) => (each === value ? !chosen.includes(value) : chosen.includes(each))));
  return (
    <Field name={name} label={label}>
      {(control) => (
        <div class="chips" id={control.id} role="group" aria-label={label}>
          {items.map((item) => (
            <button key={item.value} type="button" aria-pressed={chosen.includes(item.value)} onClick={() => toggle(item.value)}>
              {item.name}
            </button>
          ))}
        </div>
      )}
    </Field>
  );
}
