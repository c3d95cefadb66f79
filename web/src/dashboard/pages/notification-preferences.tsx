import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Field, Form, useSending } from "../ui/form.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { showToast } from "../ui/toast.tsx";
import { useUnsaved } from "../ui/unsaved.ts";
import { never } from "./account-profile.tsx";
import { type Kind, KindChoice } from "./notification-kinds.tsx";
import { QuietHoursFields } from "./quiet-hours-fields.tsx";
import { TimeZoneInput } from "./time-zone-input.tsx";

const PREFERENCES = graphql(`
  query NotificationPreferences {
    notificationPreferences {
      mailKinds
      failures
      timeZone
      quietHours {
        from
        to
        days
        exceptKinds
        exceptChannelIds
      }
      digest {
        frequency
        hour
        exceptKinds
      }
      reminderEvery
    }
    notificationChannels {
      id
      name
    }
  }
`);
const UPDATE = graphql(`
  mutation UpdateNotificationPreferences($input: UpdateNotificationPreferencesInput!) {
    updateNotificationPreferences(input: $input) {
      userErrors {
        field
        message
      }
    }
  }
`);
export type Preferences = ResultOf<typeof PREFERENCES>["notificationPreferences"];
type Channels = ResultOf<typeof PREFERENCES>["notificationChannels"];
const FREQUENCIES = [
  { value: "IMMEDIATELY", name: "one mail each, at once" },
  { value: "HOURLY", name: "one mail an hour" },
  { value: "DAILY", name: "one mail a day" },
] as const;
const REMINDERS = [
  { value: "", name: "never" },
  { value: "PT1H", name: "every hour" },
  { value: "PT4H", name: "every 4 hours" },
  { value: "P1D", name: "every day" },
  { value: "P7D", name: "every week" },
];

export function NotificationPreferences(): JSX.Element {
  const { data, error, reread } = useLive(PREFERENCES, {}, { concerns: never });
  if (error && !data) return <ErrorState message={error} retry={reread} />;
  if (!data) return <LoadingRows count={8} />;
  return <PreferencesForm stored={data.notificationPreferences} channels={data.notificationChannels} />;
}

function PreferencesForm({ stored, channels }: { stored: Preferences; channels: Channels }): JSX.Element {
  const [fields, setFields] = useState(stored);
  const [saved, setSaved] = useState(stored);
  useUnsaved(JSON.stringify(fields) !== JSON.stringify(saved), "Your changes of the preferences are lost then.");
  const { send, isBusy, problems } = useSending(UPDATE);
  const set = (changes: Partial<Preferences>): void => setFields({ ...fields, ...changes });
  const submit = async (): Promise<void> => {
    if (!(await send({ input: toInput(fields) }))) return;
    setSaved(fields);
    showToast("Your preferences are saved.");
  };
  return (
    <Form problems={problems} submit={submit}>
      <fieldset>
        <legend>Mails</legend>
        <Field name="mailKinds" label="You are mailed about">
          {(control) => (
            <div id={control.id}>
              <KindChoice label="Kinds of mails" isForMail chosen={fields.mailKinds} change={(mailKinds: Kind[]) => set({ mailKinds })} />
            </div>
          )}
        </Field>
        <Failures fields={fields} set={set} />
      </fieldset>
      <fieldset>
        <legend>When</legend>
        <div class="row">
          <DigestFields fields={fields} set={set} />
        </div>
        <Field name="timeZone" label="Time zone of digests and quiet hours">
          {(control) => <TimeZoneInput {...control} value={fields.timeZone} change={(timeZone) => set({ timeZone })} />}
        </Field>
        <QuietHoursFields hours={fields.quietHours} channels={channels} change={(quietHours) => set({ quietHours })} />
      </fieldset>
      <div class="buttons">
        <button class="main" disabled={isBusy}>
          Save preferences
        </button>
      </div>
    </Form>
  );
}

type PartProps = { fields: Preferences; set: (changes: Partial<Preferences>) => void };

function Failures({ fields, set }: PartProps): JSX.Element {
  return (
    <div class="row">
      <Field name="failures" label="Failures of tasks">
        {(control) => (
          <select
            {...control}
            value={fields.failures}
            onChange={(event) => set({ failures: event.currentTarget.value as Preferences["failures"] })}
          >
            <option value="FIRST_AND_LAST">the first and the last</option>
            <option value="EVERY_ATTEMPT">every attempt</option>
          </select>
        )}
      </Field>
      <Field name="reminderEvery" label="Reminders of incidents that last">
        {(control) => (
          <select {...control} value={fields.reminderEvery ?? ""} onChange={(event) => set({ reminderEvery: event.currentTarget.value || null })}>
            {[...REMINDERS, ...otherReminder(fields.reminderEvery)].map(({ value, name }) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
    </div>
  );
}

/** A time between reminders that was chosen by other means. */
function otherReminder(value: string | null): typeof REMINDERS {
  return value === null || REMINDERS.some((each) => each.value === value) ? [] : [{ value, name: value }];
}

function DigestFields({ fields, set }: PartProps): JSX.Element {
  const { digest } = fields;
  return (
    <>
      <Field name="digest.frequency" label="Mails come as">
        {(control) => (
          <select
            {...control}
            value={digest.frequency}
            onChange={(event) => set({ digest: { ...digest, frequency: event.currentTarget.value as typeof digest.frequency } })}
          >
            {FREQUENCIES.map(({ value, name }) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {digest.frequency === "DAILY" && (
        <Field name="digest.hour" label="At">
          {(control) => (
            <select
              {...control}
              value={digest.hour}
              onChange={(event) => set({ digest: { ...digest, hour: Number(event.currentTarget.value) } })}
            >
              {Array.from({ length: 24 }, (_, hour) => (
                <option key={hour} value={hour}>
                  {String(hour).padStart(2, "0")}:00
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
    </>
  );
}

function toInput({ mailKinds, failures, timeZone, quietHours, digest, reminderEvery }: Preferences) {
  return {
    mailKinds: [...mailKinds],
    failures,
    timeZone,
    quietHours: quietHours && {
      from: quietHours.from,
      to: quietHours.to,
      days: [...quietHours.days],
      exceptKinds: [...quietHours.exceptKinds],
      exceptChannelIds: [...quietHours.exceptChannelIds],
    },
    digest: { frequency: digest.frequency, hour: digest.hour, exceptKinds: [...digest.exceptKinds] },
    reminderEvery,
  };
}
