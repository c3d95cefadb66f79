import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Dialog } from "../ui/dialog.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { never } from "./account-profile.tsx";
import type { Subject } from "./rule-dialog.tsx";

const MAX_SHOWN = 8;
const SUBJECTS = graphql(`
  query Subjects($tasks: TaskFilter, $first: Int!) {
    tasks(filter: $tasks, first: $first) {
      nodes {
        id
        name
      }
    }
    workflows(first: 50) {
      nodes {
        id
        name
      }
    }
  }
`);

/** Chooses the task or workflow of a rule. */
export function SubjectDialog({ choose, close }: { choose: (subject: Subject) => void; close: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const { data } = useLive(SUBJECTS, { tasks: name ? { name } : {}, first: MAX_SHOWN }, { concerns: never });
  const workflows = data?.workflows.nodes.filter((each) => each.name.toLowerCase().includes(name.toLowerCase())) ?? [];
  const tasks = data?.tasks.nodes ?? [];
  return (
    <Dialog title="A rule for which task or workflow?" close={close}>
      <SearchField label="Search by name" value="" change={setName} />
      <Subjects title="Tasks" subjects={tasks} choose={choose} />
      <Subjects title="Workflows" subjects={workflows.slice(0, MAX_SHOWN)} choose={choose} />
      {data && tasks.length + workflows.length === 0 && <p class="faint">None has this name.</p>}
    </Dialog>
  );
}

type SubjectsProps = { title: string; subjects: readonly Subject[]; choose: (subject: Subject) => void };

function Subjects({ title, subjects, choose }: SubjectsProps): JSX.Element | null {
  if (subjects.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <ul class="kind-choice">
        {subjects.map((subject) => (
          <li key={subject.id}>
            <button type="button" onClick={() => choose(subject)}>
              {subject.name}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
