import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { confirm } from "../ui/dialog.tsx";
import { useSending } from "../ui/form.tsx";
import { Section } from "../ui/page.tsx";
import { SecretOnce } from "../ui/secret.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { now, Time } from "../ui/time.tsx";
import { showToast } from "../ui/toast.tsx";
import { never } from "./account-profile.tsx";
import { NewTokenForm } from "./new-token-form.tsx";

const TOKENS = graphql(`
  query ApiTokens {
    apiTokens {
      id
      name
      hint
      scopes
      createdAt
      expiresAt
      lastUsedAt
    }
  }
`);
const REVOKE = graphql(`mutation RevokeApiToken($id: ID!) { revokeApiToken(input: { id: $id }) { userErrors { message } } }`);
type Token = ResultOf<typeof TOKENS>["apiTokens"][number];

export function AccountTokens(): JSX.Element {
  const { data, error, reread } = useLive(TOKENS, {}, { concerns: never });
  const [secret, setSecret] = useState<string | null>(null);
  const created = (token: string): void => {
    setSecret(token);
    reread();
  };
  return (
    <>
      <p class="lead">
        Programs send a token as <code>Authorization: Bearer …</code>. You are mailed about each new one.
      </p>
      {secret && <SecretOnce label="Your new token." value={secret} close={() => setSecret(null)} />}
      {error && !data && <ErrorState message={error} retry={reread} />}
      {!error && !data && <LoadingRows count={3} />}
      {data?.apiTokens.length === 0 && !secret && <EmptyState title="You have no API tokens" />}
      {data && data.apiTokens.length > 0 && <TokensTable tokens={data.apiTokens} done={reread} />}
      <Section title="New token">
        <NewTokenForm created={created} />
      </Section>
    </>
  );
}

function TokensTable({ tokens, done }: { tokens: readonly Token[]; done: () => void }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th>Ends with</th>
            <th>Scopes</th>
            <th class="spare">Created</th>
            <th>Last used</th>
            <th>Expires</th>
            <th>
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <TokenRow key={token.id} token={token} done={done} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TokenRow({ token, done }: { token: Token; done: () => void }): JSX.Element {
  const { id, name, hint, scopes, createdAt, expiresAt, lastUsedAt } = token;
  const { send, isBusy } = useSending(REVOKE);
  const revoke = async (): Promise<void> => {
    const text = `Programs that use ${name} (…${hint}) are refused at once.`;
    if (!(await confirm({ title: "Revoke this token?", text, action: "Revoke" }))) return;
    if (await send({ id })) showToast(`${name} is revoked.`);
    done();
  };
  return (
    <tr>
      <td class="name">{name}</td>
      <td>
        <code>…{hint}</code>
      </td>
      <td class="faint">{scopes.map((scope) => scope.toLowerCase()).join(", ")}</td>
      <td class="nowrap spare">
        <Time at={createdAt} />
      </td>
      <td class="nowrap">{lastUsedAt ? <Time at={lastUsedAt} /> : <span class="faint">never</span>}</td>
      <td class="nowrap">{expiresAt ? <Expiry at={expiresAt} /> : <span class="faint">never</span>}</td>
      <td class="number">
        <button type="button" disabled={isBusy} onClick={() => void revoke()}>
          Revoke
        </button>
      </td>
    </tr>
  );
}

function Expiry({ at }: { at: string }): JSX.Element {
  return Date.parse(at) > now.value ? (
    <Time at={at} />
  ) : (
    <span class="bad-text">
      expired <Time at={at} />
    </span>
  );
}
