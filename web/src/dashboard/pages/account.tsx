import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { useAction } from "../actions.ts";
import { formatCount } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Page, Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { NewToken } from "./new-token.tsx";

const ACCOUNT = graphql(`
  query Account {
    viewer {
      email
      emailConfirmed
      createdAt
      usage {
        quota
        used
        limit
        unit
        resetsAt
      }
    }
    apiTokens {
      id
      name
      hint
      scopes
      expiresAt
      lastUsedAt
    }
    sessions {
      id
      address
      userAgent
      lastRefreshedAt
      isCurrent
    }
  }
`);
const REVOKE_TOKEN = graphql(`mutation RevokeApiToken($id: ID!) { revokeApiToken(input: { id: $id }) { userErrors { message } } }`);
const REVOKE_SESSION = graphql(`mutation RevokeSession($id: ID!) { revokeSession(input: { id: $id }) { userErrors { message } } }`);
const CHANGE_PASSWORD = graphql(`
  mutation ChangePassword($currentPassword: String!, $newPassword: String!) {
    changePassword(input: { currentPassword: $currentPassword, newPassword: $newPassword }) {
      userErrors {
        message
      }
    }
  }
`);
type Account = ResultOf<typeof ACCOUNT>;
const never = (): boolean => false;

export function AccountPage(): JSX.Element {
  const { data, error, reread } = useLive(ACCOUNT, {}, { concerns: never });
  return (
    <Page title="Account">
      {error && !data && <ErrorState message={error} retry={reread} />}
      {!error && !data && <LoadingRows count={6} />}
      {data && (
        <>
          <Section title="Usage">
            <UsageList usage={data.viewer.usage ?? []} />
          </Section>
          <Section title="API tokens">
            <ApiTokens tokens={data.apiTokens} done={reread} />
          </Section>
          <Section title="Sessions">
            <Sessions sessions={data.sessions} done={reread} />
          </Section>
          <Section title="Password">
            <PasswordForm />
          </Section>
        </>
      )}
    </Page>
  );
}

function UsageList({ usage }: { usage: NonNullable<Account["viewer"]["usage"]> }): JSX.Element {
  return (
    <dl class="settings">
      {usage.map(({ quota, used, limit, unit, resetsAt }) => (
        <div key={quota}>
          <dt>{sentence(quota)}</dt>
          <dd>
            {formatCount(used)}
            {limit !== null && ` of ${formatCount(limit)}`}
            {unit === "MEGABYTES" && " MB"}
            {limit !== null && <progress value={used} max={limit} aria-label={sentence(quota)} />}
            {resetsAt && (
              <span class="faint">
                {" "}
                resets <Time at={resetsAt} />
              </span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function sentence(name: string): string {
  const words = name.toLowerCase().replaceAll("_", " ").replace("api", "API");
  return words[0]?.toUpperCase() + words.slice(1);
}

function ApiTokens({ tokens, done }: { tokens: Account["apiTokens"]; done: () => void }): JSX.Element {
  return (
    <>
      {tokens.length > 0 && (
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th>Name</th>
                <th>Token</th>
                <th>Scopes</th>
                <th>Last used</th>
                <th>Expires</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {tokens.map(({ id, name, hint, scopes, lastUsedAt, expiresAt }) => (
                <tr key={id}>
                  <td class="name">{name}</td>
                  <td class="faint">{hint}…</td>
                  <td class="faint">{scopes.map((scope) => scope.toLowerCase()).join(", ")}</td>
                  <td class="nowrap">{lastUsedAt ? <Time at={lastUsedAt} /> : <span class="faint">never</span>}</td>
                  <td class="nowrap">{expiresAt ? <Time at={expiresAt} /> : <span class="faint">never</span>}</td>
                  <td class="number">
                    <Revoke mutation={REVOKE_TOKEN} id={id} label="Revoke" done={done} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <NewToken done={done} />
    </>
  );
}

function Sessions({ sessions, done }: { sessions: Account["sessions"]; done: () => void }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Address</th>
            <th class="wide">Browser</th>
            <th>Last used</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {sessions.map(({ id, address, userAgent, lastRefreshedAt, isCurrent }) => (
            <tr key={id}>
              <td>{address}</td>
              <td class="wide faint" title={userAgent}>
                {userAgent}
              </td>
              <td class="nowrap">
                <Time at={lastRefreshedAt} />
              </td>
              <td class="number">
                {isCurrent ? <span class="faint">this one</span> : <Revoke mutation={REVOKE_SESSION} id={id} label="End" done={done} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type RevokeProps = { mutation: typeof REVOKE_TOKEN | typeof REVOKE_SESSION; id: string; label: string; done: () => void };

/** Asks once, since this cannot be undone. */
function Revoke({ mutation, id, label, done }: RevokeProps): JSX.Element {
  const [isAsking, setIsAsking] = useState(false);
  const { run, isBusy, problem } = useAction(mutation as typeof REVOKE_TOKEN, { id });
  const click = (): void => {
    if (isAsking) void run().then(done);
    else setIsAsking(true);
  };
  return (
    <>
      <span class="problem" role="alert">
        {problem}
      </span>
      <button type="button" disabled={isBusy} onClick={click} onBlur={() => setIsAsking(false)}>
        {isAsking ? "Really?" : label}
      </button>
    </>
  );
}

function PasswordForm(): JSX.Element {
  const [fields, setFields] = useState({ currentPassword: "", newPassword: "" });
  const { run, isBusy, problem } = useAction(CHANGE_PASSWORD, fields);
  const [isDone, setIsDone] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setIsDone(await run());
  };
  return (
    <form class="inline-form" onSubmit={(event) => void submit(event)}>
      <label>
        Current password
        <input
          type="password"
          required
          autocomplete="current-password"
          onInput={(event) => setFields({ ...fields, currentPassword: event.currentTarget.value })}
        />
      </label>
      <label>
        New password
        <input
          type="password"
          required
          autocomplete="new-password"
          onInput={(event) => setFields({ ...fields, newPassword: event.currentTarget.value })}
        />
      </label>
      <button disabled={isBusy}>Change password</button>
      <span class="problem" role="alert">
        {problem}
      </span>
      {isDone && <span role="status">It is changed. Your other sessions have ended.</span>}
    </form>
  );
}
