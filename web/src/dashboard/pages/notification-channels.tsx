import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { withoutDeleted } from "../deletions.ts";
import { graphql } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Dialog } from "../ui/dialog.tsx";
import { SecretOnce } from "../ui/secret.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { CHANNEL, ChannelCard } from "./channel-card.tsx";
import { ChannelForm } from "./channel-form.tsx";
import { ALL_CHANNEL_KINDS, CHANNEL_KINDS, type ChannelKind } from "./channel-kinds.ts";

const CHANNELS = graphql(
  `
    query NotificationChannels {
      notificationChannels {
        ...Channel
      }
      installation {
        channelKinds
      }
    }
  `,
  [CHANNEL],
);

export function NotificationChannels(): JSX.Element {
  const { data, error, reread } = useLive(CHANNELS, {}, { concerns: ({ of }) => of === "notification" });
  const [isAdding, setIsAdding] = useState(false);
  const [signingKey, setSigningKey] = useState<string | null>(null);
  const saved = (key: string | null): void => {
    setIsAdding(false);
    setSigningKey(key);
    reread();
  };
  if (error && !data) return <ErrorState message={error} retry={reread} />;
  if (!data) return <LoadingRows count={4} />;
  const channels = withoutDeleted(data.notificationChannels);
  const add = (
    <button type="button" class="main" onClick={() => setIsAdding(true)}>
      Add a channel
    </button>
  );
  return (
    <>
      {channels.length > 0 && (
        <div class="toolbar">
          <p class="faint">Beside mail, you are notified here.</p>
          {add}
        </div>
      )}
      {signingKey && <SecretOnce label="The key that signs the calls." value={signingKey} close={() => setSigningKey(null)} />}
      {channels.map((channel) => (
        <ChannelCard key={channel.id} channel={channel} done={reread} showKey={setSigningKey} />
      ))}
      {channels.length === 0 && (
        <EmptyState title="You are notified by mail only">
          <p>Channels reach you in Slack, Teams, Discord, Telegram, on your phone, or in a program of yours.</p>
          {add}
        </EmptyState>
      )}
      {isAdding && (
        <AddDialog kinds={data.installation.channelKinds} close={() => setIsAdding(false)} saved={saved} />
      )}
    </>
  );
}

type AddProps = { kinds: readonly ChannelKind[]; close: () => void; saved: (signingKey: string | null) => void };

function AddDialog({ kinds, close, saved }: AddProps): JSX.Element {
  const [kind, setKind] = useState<ChannelKind | null>(null);
  return (
    <Dialog title={kind ? `Add ${CHANNEL_KINDS[kind].name}` : "Add a channel"} close={close}>
      {kind ? (
        <ChannelForm kind={kind} saved={({ signingKey }) => saved(signingKey)} cancel={() => setKind(null)} />
      ) : (
        <ul class="kind-choice">
          {ALL_CHANNEL_KINDS.filter((each) => kinds.includes(each)).map((each) => (
            <li key={each}>
              <button type="button" onClick={() => setKind(each)}>
                <strong>{CHANNEL_KINDS[each].name}</strong>
                <span class="faint">{CHANNEL_KINDS[each].text}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
