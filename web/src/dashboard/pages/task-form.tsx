// The pages on which tasks are written: a new one, a copy, and the edit of one.

import "../styles/task-form.css";

import type { ComponentChildren, JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";

import { allowLeaving, useFilters } from "../address.ts";
import { finishDeletions } from "../deletions.ts";
import { useApi, useLive } from "../live.ts";
import { ConflictNotice } from "../task-form/conflict.tsx";
import { CREATE, FIRST_TASK, type StoredTask, TASK, UPDATE } from "../task-form/documents.ts";
import { type Base, type Draft, forgetDraft, readDraft } from "../task-form/drafts.ts";
import { TaskEditor, type UserErrors } from "../task-form/editor.tsx";
import { formOf } from "../task-form/from-task.ts";
import { takeImported } from "../task-form/imported.ts";
import { emptyForm, exampleForm, rebase, type TaskForm } from "../task-form/model.ts";
import { changedSettings, readForm, type Settings } from "../task-form/to-input.ts";
import { Page } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { showToast } from "../ui/toast.tsx";
import { NotFoundPage } from "./not-found.tsx";

const never = (): boolean => false;
const above = <Link href="/tasks">Tasks</Link>;

export function NewTaskPage(): JSX.Element {
  const from = useFilters()[0].get("from");
  const imported = useMemo(takeImported, []);
  const actions = (
    <Link href="/tasks/import" class="button">
      Import
    </Link>
  );
  return (
    <Page title="New task" above={above} actions={actions}>
      {from && <Copy id={from} />}
      {!from && (imported ? <NewTask start={imported.form} notes={imported.notes} /> : <FirstOrNext />)}
    </Page>
  );
}

/** The form of the first task begins with an example, that of another one is empty. */
function FirstOrNext(): JSX.Element {
  const { data, error, isStale } = useLive(FIRST_TASK, {}, { concerns: never });
  const [isEmpty, setIsEmpty] = useState(false);
  const isFirst = useRef<boolean | null>(null);
  if (data && !isStale) isFirst.current ??= data.tasks.nodes.length === 0;
  if (isFirst.current === null && !error) return <LoadingRows count={10} />;
  if (!isFirst.current || isEmpty) return <NewTask start={emptyForm()} />;
  const about = (
    <p class="notice draft" role="note">
      <span>This is an example: it asks every five minutes whether example.com is up. Change it as you like.</span>
      <button type="button" class="link" onClick={() => setIsEmpty(true)}>
        Empty the form
      </button>
    </p>
  );
  return <NewTask key="example" start={exampleForm()} base={exampleForm()} about={about} />;
}

function Copy({ id }: { id: string }): JSX.Element {
  const { data, error, reread } = useLive(TASK, { id }, { concerns: never });
  if (error && !data) return <ErrorState message={error} retry={reread} />;
  if (!data) return <LoadingRows count={10} />;
  if (!data.task) return <NotFoundPage />;
  return <NewTask start={copyOf(data.task)} notes={secretNotes(data.task)} />;
}

/** Returns the form of a copy, which has no secrets. */
function copyOf(task: StoredTask): TaskForm {
  const form = formOf(task);
  const headers = form.http.headers.map((row) => ({ ...row, isKept: false }));
  return { ...form, name: `${form.name} (copy)`.slice(0, 200), http: { ...form.http, headers, hasToken: false } };
}

function secretNotes({ job }: StoredTask): string[] {
  const hasSecrets = job.__typename === "HttpJob" && (job.hasToken || job.secretHeaders.length > 0);
  return hasSecrets ? ["Secrets are not copied: give the token and the values of secret headers again."] : [];
}

type NewProps = { start: TaskForm; base?: TaskForm; notes?: readonly string[]; about?: JSX.Element };

/** The form of a new task. It counts as changed if it differs from `base`, by default an empty form. */
function NewTask({ start, base: form, notes = [], about }: NewProps): JSX.Element {
  const { client } = useApi();
  const [, navigate] = useLocation();
  const base = useMemo(() => ({ form: form ?? emptyForm(), version: null }), []);
  const save = async (settings: Settings): Promise<UserErrors> => {
    await finishDeletions(); // one of them may have this name
    const { data, error } = await client.mutation(CREATE, { input: settings }).toPromise();
    if (!data || error) return [failure(error)];
    const { task, userErrors } = data.createTask;
    if (!task) return userErrors;
    forgetDraft("new");
    allowLeaving();
    showToast(`Created ${task.name}`);
    navigate(`/tasks/${task.id}`);
    return [];
  };
  return (
    <WithDraft task="new" start={start}>
      {(form, notice) => (
        <TaskEditor
          start={form}
          base={base}
          taskId={null}
          save={save}
          cancelTo="/tasks"
          above={() => (
            <>
              {notice ?? about}
              <Notes notes={notes} />
            </>
          )}
        />
      )}
    </WithDraft>
  );
}

function Notes({ notes }: { notes: readonly string[] }): JSX.Element | null {
  if (notes.length === 0) return null;
  return (
    <ul class="notice notes" aria-label="Notes">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}

function failure(error: { graphQLErrors: readonly { message: string }[] } | undefined): { message: string } {
  return { message: error?.graphQLErrors[0]?.message ?? "The server cannot be reached." };
}

type DraftProps = { task: string; start: TaskForm; children: (form: TaskForm, notice: ComponentChildren, draft: Draft | null) => JSX.Element };

/** Offers what was written before and not saved. */
function WithDraft({ task, start, children }: DraftProps): JSX.Element {
  const [draft, setDraft] = useState(() => readDraft(task));
  const [taken, setTaken] = useState<Draft | null>(null);
  const discard = (): void => {
    forgetDraft(task);
    setDraft(null);
  };
  const take = (): void => {
    setTaken(draft);
    setDraft(null);
  };
  const notice = draft && (
    <div class="notice draft" role="status">
      <span>
        You wrote something here <Time at={new Date(draft.savedAt).toISOString()} /> that is not saved.
      </span>
      <button type="button" class="link" onClick={take}>
        Continue with it
      </button>
      <button type="button" class="link" onClick={discard}>
        Discard it
      </button>
    </div>
  );
  return <div key={taken ? "draft" : "start"}>{children(taken?.form ?? start, notice, taken)}</div>;
}

export function EditTaskPage({ id }: { id: string }): JSX.Element {
  const { data, error, reread } = useLive(TASK, { id }, { concerns: (change) => change.of === "task" && change.taskId === id });
  const task = data?.task;
  if (data && !task) return <NotFoundPage />;
  return (
    <Page title={task ? `Edit ${task.name}` : "Edit task"} above={<Link href={`/tasks/${id}`}>{task?.name ?? "Task"}</Link>}>
      {error && !task && <ErrorState message={error} retry={reread} />}
      {!error && !task && <LoadingRows count={10} />}
      {task && <EditTask latest={task} />}
    </Page>
  );
}

/** The edit of a task, of which `latest` follows what others change. */
function EditTask({ latest }: { latest: StoredTask }): JSX.Element {
  const [first] = useState(() => baseOf(latest));
  return (
    <WithDraft task={latest.id} start={first.form}>
      {(form, notice, draft) => <EditedTask latest={latest} start={form} startBase={draft?.base ?? first} notice={notice} />}
    </WithDraft>
  );
}

function baseOf(task: StoredTask): Base {
  return { form: formOf(task), version: task.version };
}

type EditedProps = { latest: StoredTask; start: TaskForm; startBase: Base; notice: ComponentChildren };

function EditedTask({ latest, start, startBase, notice }: EditedProps): JSX.Element {
  const { id } = latest;
  const [{ form, base, round }, setState] = useState({ form: start, base: startBase, round: 0 });
  const [save, isSaving] = useSave(id, base);
  const theirs = baseOf(latest);
  const goOn = (next: TaskForm): void => setState({ form: next, base: theirs, round: round + 1 });
  // The version of what is being saved comes back by the subscription, too.
  const hasConflict = latest.version !== base.version && !isSaving;
  const conflict = (mine: TaskForm): JSX.Element => (
    <ConflictNotice
      base={base.form}
      mine={mine}
      theirs={theirs.form}
      keep={() => goOn(rebase(mine, base.form, theirs.form))}
      take={() => goOn(theirs.form)}
    />
  );
  return (
    <TaskEditor
      key={round}
      start={form}
      base={base}
      taskId={id}
      save={save}
      cancelTo={`/tasks/${id}`}
      canSave={!hasConflict}
      above={(mine) => (hasConflict ? conflict(mine) : notice)}
    />
  );
}

/** Returns what saves the changes, and whether it does or did. */
function useSave(id: string, base: Base): [(settings: Settings) => Promise<UserErrors>, boolean] {
  const { client } = useApi();
  const [, navigate] = useLocation();
  const [isSaving, setIsSaving] = useState(false);
  const save = async (settings: Settings): Promise<UserErrors> => {
    setIsSaving(true);
    await finishDeletions(); // one of them may have this name
    const changes = changedSettings(settings, readForm(base.form).value);
    const input = { id, ...(base.version !== null && { expectedVersion: base.version }), ...changes };
    const { data, error } = await client.mutation(UPDATE, { input }).toPromise();
    if (data?.updateTask.task && !error) {
      forgetDraft(id);
      allowLeaving();
      showToast("Saved");
      navigate(`/tasks/${id}`);
      return [];
    }
    setIsSaving(false);
    if (!data || error) return [failure(error)];
    return data.updateTask.userErrors.map(({ field, message }) => (field?.[0] === "expectedVersion" ? { message } : { field, message }));
  };
  return [save, isSaving];
}
