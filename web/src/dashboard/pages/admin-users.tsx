import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { useFilters } from "../address.ts";
import { graphql, type FragmentOf, type VariablesOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Pager } from "../ui/pager.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { never } from "./account-profile.tsx";
import { InviteDialog } from "./invite-dialog.tsx";

const PAGE_SIZE = 50;
export const USER_ROW = graphql(`
  fragment UserRow on User {
    id
    email
    isAdmin
    isActive
    emailConfirmed
    createdAt
  }
`);
const USERS = graphql(
  `
    query Users($filter: UserFilter, $first: Int!, $after: String) {
      users(filter: $filter, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...UserRow
        }
      }
    }
  `,
  [USER_ROW],
);
const SHOWN = [
  { show: null, name: "All" },
  { show: "admins", name: "Administrators" },
  { show: "inactive", name: "Deactivated" },
];

export function AdminUsers(): JSX.Element {
  const [filters, setFilters] = useFilters();
  const [after, setAfter] = useState<string | null>(null);
  const [isInviting, setIsInviting] = useState(false);
  const { data, error, reread } = useLive(USERS, { filter: readFilter(filters), first: PAGE_SIZE, after }, { concerns: never });
  const change = (changes: Record<string, string | null>): void => {
    setAfter(null);
    setFilters(changes);
  };
  const users = data?.users;
  return (
    <>
      <div class="toolbar">
        <div class="chips" role="group" aria-label="Which">
          {SHOWN.map(({ show, name }) => (
            <button key={name} type="button" aria-pressed={filters.get("show") === show} onClick={() => change({ show })}>
              {name}
            </button>
          ))}
        </div>
        <SearchField label="Search users by address" value={filters.get("email") ?? ""} change={(email) => change({ email })} />
        <button type="button" class="main" onClick={() => setIsInviting(true)}>
          Invite a user
        </button>
      </div>
      {isInviting && <InviteDialog close={() => setIsInviting(false)} />}
      {error && !users && <ErrorState message={error} retry={reread} />}
      {!error && !users && <LoadingRows count={8} />}
      {users && users.nodes.length > 0 && (
        <>
          <UsersTable users={users.nodes} />
          <Pager
            shown={users.nodes.length}
            total={{ count: users.totalCount, isExact: users.totalCountIsExact }}
            pageInfo={users.pageInfo}
            isFirst={after === null}
            go={setAfter}
          />
        </>
      )}
      {users?.nodes.length === 0 && <EmptyState title="No user matches" />}
    </>
  );
}

function readFilter(filters: URLSearchParams): NonNullable<VariablesOf<typeof USERS>["filter"]> {
  const email = filters.get("email");
  const show = filters.get("show");
  return { ...(email && { email }), ...(show === "admins" && { isAdmin: true }), ...(show === "inactive" && { isActive: false }) };
}

function UsersTable({ users }: { users: readonly FragmentOf<typeof USER_ROW>[] }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Email address</th>
            <th>Role</th>
            <th>State</th>
            <th class="spare">Account since</th>
          </tr>
        </thead>
        <tbody>
          {users.map((user) => (
            <tr key={user.id}>
              <td class="name">
                <Link href={`/admin/users/${user.id}`} class="row-link">
                  {user.email}
                </Link>
              </td>
              <td class={user.isAdmin ? "" : "faint"}>{user.isAdmin ? "Administrator" : "User"}</td>
              <td>
                <UserState user={user} />
              </td>
              <td class="nowrap spare">
                <Time at={user.createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function UserState({ user }: { user: FragmentOf<typeof USER_ROW> }): JSX.Element {
  if (!user.isActive) return <span class="bad-text">Deactivated</span>;
  return user.emailConfirmed ? <span>Active</span> : <span class="faint">Active, address not confirmed</span>;
}
