import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { formatEnum } from "../format.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { confirm } from "../ui/dialog.tsx";
import { useSending } from "../ui/form.tsx";
import { Pager } from "../ui/pager.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { showToast } from "../ui/toast.tsx";
import { never } from "./account-profile.tsx";
import { KINDS } from "./notification-kinds.tsx";
import { RULE, RuleDialog, type Subject, toRuleInput, UPDATE_RULE } from "./rule-dialog.tsx";
import { SubjectDialog } from "./subject-dialog.tsx";

const PAGE_SIZE = 50;
const RULES = graphql(
  `
    query NotificationRules($first: Int!, $after: String) {
      notificationRules(first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...Rule
        }
      }
      notificationChannels {
        id
        name
      }
    }
  `,
  [RULE],
);
const DELETE = graphql(`
  mutation DeleteNotificationRule($subjectId: ID!) {
    deleteNotificationRule(input: { subjectId: $subjectId }) {
      userErrors {
        message
      }
    }
  }
`);
type Rule = FragmentOf<typeof RULE>;
type Channels = readonly { id: string; name: string }[];
type Edited = { subject: Subject; rule: Rule | null };

export function NotificationRules(): JSX.Element {
  const [after, setAfter] = useState<string | null>(null);
  const [isChoosing, setIsChoosing] = useState(false);
  const [edited, setEdited] = useState<Edited | null>(null);
  const { data, error, reread } = useLive(RULES, { first: PAGE_SIZE, after }, { concerns: never });
  if (error && !data) return <ErrorState message={error} retry={reread} />;
  if (!data) return <LoadingRows count={4} />;
  const { notificationRules: rules, notificationChannels: channels } = data;
  const choose = (subject: Subject): void => {
    setIsChoosing(false);
    setEdited({ subject, rule: rules.nodes.find(({ subjectId }) => subjectId === subject.id) ?? null });
  };
  const close = (): void => {
    setEdited(null);
    reread();
  };
  const add = (
    <button type="button" class="main" onClick={() => setIsChoosing(true)}>
      Add a rule
    </button>
  );
  return (
    <>
      {rules.nodes.length > 0 && (
        <>
          <div class="toolbar">
            <p class="faint">For single tasks and workflows, where they differ from your preferences.</p>
            {add}
          </div>
          <RulesTable rules={rules.nodes} channels={channels} edit={setEdited} done={reread} />
          <Pager
            shown={rules.nodes.length}
            total={{ count: rules.totalCount, isExact: rules.totalCountIsExact }}
            pageInfo={rules.pageInfo}
            isFirst={after === null}
            go={setAfter}
          />
        </>
      )}
      {rules.nodes.length === 0 && (
        <EmptyState title="Your preferences apply to all tasks and workflows">
          <p>A rule mutes one of them, or tells of it elsewhere.</p>
          {add}
        </EmptyState>
      )}
      {isChoosing && <SubjectDialog choose={choose} close={() => setIsChoosing(false)} />}
      {edited && <RuleDialog subject={edited.subject} rule={edited.rule} channels={channels} close={close} />}
    </>
  );
}

type TableProps = { rules: readonly Rule[]; channels: Channels; edit: (edited: Edited) => void; done: () => void };

function RulesTable({ rules, channels, edit, done }: TableProps): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Task or workflow</th>
            <th>What you are told</th>
            <th>
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <tr key={rule.subjectId}>
              <td class="name">
                <SubjectName rule={rule} />
              </td>
              <td class="action">{describeRule(rule, channels)}</td>
              <td class="number">
                <RuleActions rule={rule} edit={edit} done={done} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SubjectName({ rule: { task, workflow } }: { rule: Rule }): JSX.Element {
  if (task) return <Link href={`/tasks/${task.id}`}>{task.name}</Link>;
  if (workflow) return <Link href="/workflows">{workflow.name}</Link>;
  return <span class="faint">deleted</span>;
}

function describeRule({ isMuted, isMailed, kinds, failures, channelIds }: Rule, channels: Channels): string {
  if (isMuted) return "Nothing: it is muted";
  const names = channelIds?.map((id) => channels.find((channel) => channel.id === id)?.name).filter(Boolean);
  const parts = [
    isMailed ? null : "no mails",
    names && (names.length > 0 ? `only the channels ${names.join(", ")}` : "no channels"),
    kinds && `only ${kinds.map((kind) => KINDS[kind].name.toLowerCase()).join(", ")}`,
    failures && `failures: ${formatEnum(failures).toLowerCase()}`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join("; ").replace(/^./, (first) => first.toUpperCase()) : "As in your preferences";
}

function RuleActions({ rule, edit, done }: { rule: Rule; edit: (edited: Edited) => void; done: () => void }): JSX.Element {
  const { send, isBusy } = useSending(DELETE);
  const saving = useSending(UPDATE_RULE);
  const name = rule.task?.name ?? rule.workflow?.name ?? "deleted";
  const remove = async (): Promise<void> => {
    if (!(await confirm({ title: "Delete this rule?", text: `Your preferences apply to ${name} then.`, action: "Delete" }))) return;
    const isDone = await send({ subjectId: rule.subjectId });
    done();
    const undo = (): Promise<void> => saving.send({ input: toRuleInput(rule.subjectId, rule) }).then(done);
    if (isDone) showToast(`The rule of ${name} is deleted.`, { undo });
  };
  return (
    <span class="buttons">
      <button type="button" onClick={() => edit({ subject: { id: rule.subjectId, name }, rule })}>
        Edit
      </button>
      <button type="button" disabled={isBusy} onClick={() => void remove()}>
        Delete
      </button>
    </span>
  );
}
