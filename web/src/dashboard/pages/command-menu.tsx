import "../styles/command-menu.css";

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";

import { readOnce } from "../client.ts";
import { withoutDeleted } from "../deletions.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { PAGE_KEYS } from "../shortcuts.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Status } from "../ui/status.tsx";

const TYPING_MS = 150;
const MAX_FOUND = 6;
const FIND = graphql(`
  query FindByName($text: String!, $first: Int!) {
    tasks(filter: { text: $text }, orderBy: { field: NAME, direction: ASC }, first: $first) {
      nodes {
        id
        name
        status
      }
    }
    workflows(filter: { name: $text }, first: $first) {
      nodes {
        id
        name
      }
    }
  }
`);
type Found = ResultOf<typeof FIND>;
type Command = { path: string; name: string; kind: string; status?: string };
const PAGES: Command[] = [
  ...Object.values(PAGE_KEYS).map(({ path, name }) => ({ path, name, kind: "Page" })),
  { path: "/account", name: "Account", kind: "Page" },
  { path: "/account/tokens", name: "API tokens", kind: "Page" },
  { path: "/account/secrets", name: "Secrets", kind: "Page" },
  { path: "/notifications/channels", name: "Notification channels", kind: "Page" },
  { path: "/tasks/new", name: "New task", kind: "Action" },
  { path: "/tasks/import", name: "Import tasks from curl or a crontab", kind: "Action" },
  { path: "/workflows/new", name: "New workflow", kind: "Action" },
  { path: "/runs?status=FAILED", name: "Failed runs", kind: "Page" },
];

/** A field that finds pages, actions, tasks and workflows by name. The arrow keys choose one, Enter opens it. */
export function CommandMenu({ close }: { close: () => void }): JSX.Element {
  const [, navigate] = useLocation();
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = useFound(text.trim());
  const commands = [...matching(text), ...toCommands(found)];
  const place = Math.min(chosen, commands.length - 1);
  const open = (command: Command | undefined): void => {
    if (!command) return;
    close();
    navigate(command.path);
  };
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setChosen((place + step + commands.length) % Math.max(commands.length, 1));
    else if (event.key === "Enter") open(commands[place]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Go to" close={close} class="command-menu">
      <input
        type="text"
        role="combobox"
        aria-label="Find a page, a task or a workflow"
        aria-expanded="true"
        aria-controls="commands"
        aria-activedescendant={place >= 0 ? `command-${place}` : undefined}
        placeholder="Find a page, a task or a workflow"
        autofocus
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={press}
      />
      <CommandList commands={commands} place={place} open={open} />
    </Dialog>
  );
}

type ListProps = { commands: Command[]; place: number; open: (command: Command) => void };

function CommandList({ commands, place, open }: ListProps): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.children[place]?.scrollIntoView({ block: "nearest" }), [place]);
  return (
    <ul ref={list} id="commands" role="listbox" aria-label="Found">
      {commands.map((command, index) => (
        <li key={command.path} id={`command-${index}`} role="option" aria-selected={index === place} onClick={() => open(command)}>
          <span class="name">{command.name}</span>
          {command.status && <Status status={command.status} />}
          <span class="faint">{command.kind}</span>
        </li>
      ))}
      {commands.length === 0 && <li class="faint">Nothing has this name.</li>}
    </ul>
  );
}

/** Returns the pages and actions with a word that begins with each word of the text. */
function matching(text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return PAGES.filter(({ name }) => words.every((word) => name.toLowerCase().split(" ").some((each) => each.startsWith(word))));
}

function toCommands(found: Found | undefined): Command[] {
  const tasks = withoutDeleted(found?.tasks.nodes ?? []).map(({ id, name, status }) => ({ path: `/tasks/${id}`, name, kind: "Task", status }));
  const workflows = withoutDeleted(found?.workflows.nodes ?? []).map(({ id, name }) => ({ path: `/workflows/${id}`, name, kind: "Workflow" }));
  return [...tasks, ...workflows];
}

/** Returns the tasks and workflows with this text in their names, once the typing pauses. */
function useFound(text: string): Found | undefined {
  const [found, setFound] = useState<Found>();
  useEffect(() => {
    if (text === "") return setFound(undefined);
    let isLatest = true;
    const timer = setTimeout(async () => {
      const { data } = await readOnce(FIND, { text, first: MAX_FOUND });
      if (isLatest) setFound(data);
    }, TYPING_MS);
    return () => {
      isLatest = false;
      clearTimeout(timer);
    };
  }, [text]);
  return found;
}
