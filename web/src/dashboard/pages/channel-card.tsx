import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { deleteLater } from "../deletions.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { useApi } from "../live.ts";
import { confirm, Dialog } from "../ui/dialog.tsx";
import { useSending } from "../ui/form.tsx";
import { Time } from "../ui/time.tsx";
import { ChannelForm, SettingFacts } from "./channel-form.tsx";
import { CHANNEL_KINDS } from "./channel-kinds.ts";
import { ChannelTest } from "./channel-test.tsx";
import { DeliveriesOfChannel } from "./deliveries.tsx";
import { KINDS } from "./notification-kinds.tsx";

export const CHANNEL = graphql(`
  fragment Channel on NotificationChannel {
    id
    name
    kind
    settings {
      name
      value
    }
    events
    isEnabled
    failingSince
    lastError
    lastDeliveredAt
    disabledAt
    disabledReason
  }
`);
const ENABLE = graphql(`
  mutation EnableNotificationChannel($id: ID!, $isEnabled: Boolean!) {
    updateNotificationChannel(input: { id: $id, isEnabled: $isEnabled }) {
      userErrors {
        message
      }
    }
  }
`);
const DELETE = graphql(`mutation DeleteNotificationChannel($id: ID!) { deleteNotificationChannel(input: { id: $id }) { userErrors { message } } }`);
const ROTATE = graphql(`
  mutation RotateNotificationChannelKey($id: ID!) {
    rotateNotificationChannelKey(input: { id: $id }) {
      signingKey
      userErrors {
        message
      }
    }
  }
`);
type Channel = FragmentOf<typeof CHANNEL>;
type Props = { channel: Channel; done: () => void; showKey: (key: string) => void };

export function ChannelCard({ channel, done, showKey }: Props): JSX.Element {
  const [isEditing, setIsEditing] = useState(false);
  const [hasDeliveries, setHasDeliveries] = useState(false);
  const saved = (): void => {
    setIsEditing(false);
    done();
  };
  return (
    <section class="panel channel" aria-label={channel.name}>
      <div class="heading">
        <h2>
          {channel.name} <span class="tag">{CHANNEL_KINDS[channel.kind].name}</span>
        </h2>
        <ChannelHealth channel={channel} />
      </div>
      <Problem channel={channel} />
      <dl class="facts">
        <SettingFacts channel={channel} />
        <div>
          <dt>Tells of</dt>
          <dd>{channel.events?.map((kind) => KINDS[kind].name).join(", ") ?? "all that need not be chosen"}</dd>
        </div>
      </dl>
      <ChannelTest id={channel.id} done={done}>
        <button type="button" onClick={() => setIsEditing(true)}>
          Edit
        </button>
        <Actions channel={channel} done={done} showKey={showKey} />
      </ChannelTest>
      <details onToggle={(event) => setHasDeliveries(event.currentTarget.open)}>
        <summary>Last deliveries</summary>
        {hasDeliveries && <DeliveriesOfChannel id={channel.id} changed={done} />}
      </details>
      {isEditing && (
        <Dialog title={`Edit ${channel.name}`} close={() => setIsEditing(false)}>
          <ChannelForm kind={channel.kind} channel={channel} saved={saved} cancel={() => setIsEditing(false)} />
        </Dialog>
      )}
    </section>
  );
}

function ChannelHealth({ channel }: { channel: Channel }): JSX.Element {
  const { isEnabled, failingSince, lastDeliveredAt, disabledAt } = channel;
  if (disabledAt) return <span class="bad-text">✕ Disabled by Tocsin</span>;
  if (!isEnabled) return <span class="faint">‖ Off</span>;
  if (failingSince) {
    return (
      <span class="bad-text">
        ✕ Failing since <Time at={failingSince} as="moment" />
      </span>
    );
  }
  if (!lastDeliveredAt) return <span class="faint">○ Nothing delivered yet</span>;
  return (
    <span class="good-text">
      ✓ Works <span class="faint">· last <Time at={lastDeliveredAt} /></span>
    </span>
  );
}

function Problem({ channel: { disabledReason, lastError } }: { channel: Channel }): JSX.Element | null {
  const reason = disabledReason ?? lastError;
  return reason === null ? null : <p class="notice bad">{reason}</p>;
}

function Actions({ channel, done, showKey }: Props): JSX.Element {
  const { id, name, kind, isEnabled } = channel;
  const enable = useSending(ENABLE);
  const { client } = useApi();
  const rotate = useSending(ROTATE);
  const isBusy = enable.isBusy || rotate.isBusy;
  const ask = async (): Promise<void> => {
    const text = "Notifications that wait for it are not delivered. Its secrets are deleted. You can undo it for ten seconds.";
    if (!(await confirm({ title: `Delete ${name}?`, text, action: "Delete" }))) return;
    deleteLater(client, DELETE, { ids: [id], text: `${name} is deleted.`, calls: [{ id }] });
  };
  const renew = async (): Promise<void> => {
    const text = "Calls are signed with a new key from now on. Your program has to know it.";
    if (!(await confirm({ title: "Replace the signing key?", text, action: "Replace" }))) return;
    const data = await rotate.send({ id });
    if (data?.rotateNotificationChannelKey.signingKey) showKey(data.rotateNotificationChannelKey.signingKey);
  };
  const problem = [enable, rotate].map(({ problems }) => problems.general).join("");
  return (
    <>
      <button type="button" disabled={isBusy} onClick={() => void enable.send({ id, isEnabled: !isEnabled }).then(done)}>
        {isEnabled ? "Turn off" : "Turn on"}
      </button>
      {kind === "WEBHOOK" && (
        <button type="button" disabled={isBusy} onClick={() => void renew()}>
          New key
        </button>
      )}
      <button type="button" disabled={isBusy} onClick={() => void ask()}>
        Delete
      </button>
      <span class="problem" role="alert">
        {problem}
      </span>
    </>
  );
}
