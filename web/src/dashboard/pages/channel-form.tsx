import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql } from "../graphql.ts";
import { Field, Form, useSending } from "../ui/form.tsx";
import { CHANNEL_KINDS, type ChannelKind, type Setting, toChannelInput } from "./channel-kinds.ts";
import { DEFAULT_KINDS, type Kind, KindChoice } from "./notification-kinds.tsx";

export const CREATE_CHANNEL = graphql(`
  mutation CreateNotificationChannel($name: String!, $channel: NotificationChannelInput!, $events: [NotificationKind!]) {
    createNotificationChannel(input: { name: $name, channel: $channel, events: $events }) {
      notificationChannel {
        id
      }
      signingKey
      userErrors {
        field
        message
      }
    }
  }
`);
const UPDATE_CHANNEL = graphql(`
  mutation UpdateNotificationChannel($input: UpdateNotificationChannelInput!) {
    updateNotificationChannel(input: $input) {
      notificationChannel {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);
export type EditedChannel = {
  id: string;
  name: string;
  kind: ChannelKind;
  events: readonly Kind[] | null;
  settings: readonly { name: string; value: string | null }[];
};
export type Saved = { signingKey: string | null };
type Props = { kind: ChannelKind; channel?: EditedChannel; saved: (saved: Saved) => void; cancel: () => void };

/** The form of a channel of one kind. Settings of a channel that exists are sent only when they are all given anew. */
export function ChannelForm({ kind, channel, saved, cancel }: Props): JSX.Element {
  const [name, setName] = useState(channel?.name ?? CHANNEL_KINDS[kind].name);
  const [values, setValues] = useState<Record<string, string>>({});
  const [isReplacing, setIsReplacing] = useState(channel === undefined);
  const [events, setEvents] = useState<readonly Kind[] | null>(channel?.events ?? null);
  const create = useSending(CREATE_CHANNEL);
  const update = useSending(UPDATE_CHANNEL);
  const submit = async (): Promise<void> => {
    const given = { name, events: events === null ? null : [...events] };
    if (!channel) {
      const data = await create.send({ ...given, channel: toChannelInput(kind, values) });
      if (data) saved({ signingKey: data.createNotificationChannel.signingKey });
      return;
    }
    const input = { id: channel.id, ...given, ...(isReplacing && { channel: toChannelInput(kind, values) }) };
    if (await update.send({ input })) saved({ signingKey: null });
  };
  return (
    <Form problems={(channel ? update : create).problems} submit={submit}>
      <Field name="name" label="Name">
        {(control) => (
          <input {...control} required maxlength={100} autofocus value={name} onInput={(event) => setName(event.currentTarget.value)} />
        )}
      </Field>
      {isReplacing ? (
        CHANNEL_KINDS[kind].settings.map((setting) => (
          <SettingField
            key={setting.name}
            kind={kind}
            setting={setting}
            value={values[setting.name] ?? ""}
            change={(value) => setValues({ ...values, [setting.name]: value })}
          />
        ))
      ) : (
        <KeptSettings channel={channel as EditedChannel} replace={() => setIsReplacing(true)} />
      )}
      <Events chosen={events} change={setEvents} />
      <div class="buttons">
        <button class="main" disabled={create.isBusy || update.isBusy}>
          {channel ? "Save" : "Add channel"}
        </button>
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      </div>
    </Form>
  );
}

type SettingProps = { kind: ChannelKind; setting: Setting; value: string; change: (value: string) => void };

function SettingField({ kind, setting, value, change }: SettingProps): JSX.Element {
  const { name, label, hint, type = "text", placeholder, isOptional, choices } = setting;
  const shown = isOptional && !choices ? `${label} (optional)` : label;
  return (
    <Field name={`channel.${kind.toLowerCase()}.${name}`} label={shown} hint={hint}>
      {(control) =>
        choices ? (
          <select {...control} value={value} onChange={(event) => change(event.currentTarget.value)}>
            <option value="">default</option>
            {choices.map((choice) => (
              <option key={choice.value} value={choice.value}>
                {choice.name}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...control}
            type={type}
            required={!isOptional}
            autocomplete="off"
            spellcheck={false}
            placeholder={placeholder}
            value={value}
            onInput={(event) => change(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

function KeptSettings({ channel, replace }: { channel: EditedChannel; replace: () => void }): JSX.Element | null {
  return (
    <div class="kept">
      <dl>
        <SettingFacts channel={channel} />
      </dl>
      <button type="button" onClick={replace}>
        Replace
      </button>
    </div>
  );
}

/** The settings that the form asks for, with masked secrets. */
export function SettingFacts({ channel }: { channel: Pick<EditedChannel, "kind" | "settings"> }): JSX.Element {
  const values = new Map(channel.settings.map(({ name, value }) => [name, value]));
  return (
    <>
      {CHANNEL_KINDS[channel.kind].settings.map(({ name, label }) => (
        <div key={name}>
          <dt>{label}</dt>
          <dd>{values.get(name) ?? <span class="faint">default</span>}</dd>
        </div>
      ))}
    </>
  );
}

type EventsProps = { chosen: readonly Kind[] | null; change: (kinds: Kind[] | null) => void };

function Events({ chosen, change }: EventsProps): JSX.Element {
  return (
    <Field name="events" label="Tells of">
      {(control) => (
        <div id={control.id}>
          <label class="check">
            <input type="checkbox" checked={chosen === null} onChange={() => change(chosen === null ? [...DEFAULT_KINDS] : null)} />
            all that need not be chosen
          </label>
          {chosen !== null && <KindChoice label="Kinds of notifications" chosen={chosen} change={change} />}
        </div>
      )}
    </Field>
  );
}
