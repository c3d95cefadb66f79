import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { user as viewer } from "../client.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { confirm } from "../ui/dialog.tsx";
import { useSending } from "../ui/form.tsx";
import { Page, Section } from "../ui/page.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { showToast } from "../ui/toast.tsx";
import "../styles/account.css";
import "../styles/admin.css";
import { never } from "./account-profile.tsx";
import { Forbidden } from "./admin.tsx";
import { USER_ROW, UserState } from "./admin-users.tsx";
import { QuotaTable } from "./quota-table.tsx";

const USER = graphql(
  `
    query User($id: ID!) {
      node(id: $id) {
        id
        ... on User {
          ...UserRow
          usage {
            quota
            used
            limit
            unit
          }
        }
      }
    }
  `,
  [USER_ROW],
);
const ACTIVATE = graphql(`mutation ActivateUser($id: ID!) { activateUser(input: { id: $id }) { userErrors { message } } }`);
const DEACTIVATE = graphql(`mutation DeactivateUser($id: ID!) { deactivateUser(input: { id: $id }) { userErrors { message } } }`);
const LOG_OUT = graphql(`mutation LogOutUser($id: ID!) { logOutUser(input: { id: $id }) { endedSessionCount userErrors { message } } }`);
const SET_ROLE = graphql(`
  mutation SetRole($id: ID!, $isAdmin: Boolean!) {
    updateUser(input: { id: $id, isAdmin: $isAdmin }) {
      userErrors {
        message
      }
    }
  }
`);
type User = Extract<NonNullable<ResultOf<typeof USER>["node"]>, { email: string }>;

export function AdminUserPage({ id }: { id: string }): JSX.Element {
  return viewer.value?.isAdmin ? <UserPage id={id} /> : <Forbidden />;
}

function UserPage({ id }: { id: string }): JSX.Element {
  const { data, error, reread } = useLive(USER, { id }, { concerns: never });
  const found = data?.node && "email" in data.node ? data.node : null;
  if (error && !data) return <ErrorState message={error} retry={reread} />;
  if (!data) return <LoadingRows count={8} />;
  if (!found) return <EmptyState title="There is no such user" />;
  return (
    <Page title={found.email} above={<Link href="/admin">Users</Link>} actions={<Actions user={found} done={reread} />}>
      <dl class="settings">
        <div>
          <dt>State</dt>
          <dd>
            <UserState user={found} />
          </dd>
        </div>
        <div>
          <dt>Role</dt>
          <dd>{found.isAdmin ? "Administrator" : "User"}</dd>
        </div>
        <div>
          <dt>Account since</dt>
          <dd>
            <Time at={found.createdAt} />
          </dd>
        </div>
        <div>
          <dt>Audit log</dt>
          <dd>
            <Link href={`/admin/audit-log?email=${encodeURIComponent(found.email)}`}>Entries about this account</Link>
          </dd>
        </div>
      </dl>
      <Section title="Usage and limits">
        <QuotaTable user={found.id} usage={found.usage ?? []} done={reread} />
      </Section>
    </Page>
  );
}

function Actions({ user, done }: { user: User; done: () => void }): JSX.Element | null {
  const activate = useSending(ACTIVATE);
  const deactivate = useSending(DEACTIVATE);
  const logOut = useSending(LOG_OUT);
  const setRole = useSending(SET_ROLE);
  const { id, email, isAdmin, isActive } = user;
  if (id === viewer.value?.id) return <span class="faint">This is you. Another administrator can change your account.</span>;
  const all = [activate, deactivate, logOut, setRole];
  const isBusy = all.some((each) => each.isBusy);
  const endSessions = async (): Promise<void> => {
    const text = "They have to sign in again. API tokens and tasks are not touched.";
    if (!(await confirm({ title: `End all sessions of ${email}?`, text, action: "End sessions" }))) return;
    const data = await logOut.send({ id });
    if (data) showToast(`${data.logOutUser.endedSessionCount ?? 0} sessions of ${email} have ended.`);
  };
  const changeRole = async (): Promise<void> => {
    const question = isAdmin
      ? { title: `Make ${email} a regular user?`, text: "Invitations that they have sent end.", action: "Revoke" }
      : { title: `Make ${email} an administrator?`, text: "They can manage users, queues and quotas, and end your rights.", action: "Grant" };
    if (!(await confirm({ ...question, isDestructive: isAdmin }))) return;
    if (await setRole.send({ id, isAdmin: !isAdmin })) done();
  };
  const lockOut = async (): Promise<void> => {
    const text = "Their sessions and API tokens end, their tasks are paused, and their workflow runs are cancelled.";
    if (!(await confirm({ title: `Deactivate ${email}?`, text, action: "Deactivate" }))) return;
    if (await deactivate.send({ id })) showToast(`${email} is deactivated.`, { undo: () => activate.send({ id }).then(done) });
    done();
  };
  const problem = all.map(({ problems }) => problems.general).join(" ");
  return (
    <>
      <span class="problem" role="alert">
        {problem}
      </span>
      <button type="button" disabled={isBusy} onClick={() => void changeRole()}>
        {isAdmin ? "Revoke administrator" : "Make administrator"}
      </button>
      {isActive && (
        <button type="button" disabled={isBusy} onClick={() => void endSessions()}>
          End sessions
        </button>
      )}
      {isActive ? (
        <button type="button" class="destructive" disabled={isBusy} onClick={() => void lockOut()}>
          Deactivate
        </button>
      ) : (
        <button type="button" class="main" disabled={isBusy} onClick={() => void activate.send({ id }).then(done)}>
          Activate
        </button>
      )}
    </>
  );
}
