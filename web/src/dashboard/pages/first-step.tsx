// What an account without tasks and workflows can begin with.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { finishDeletions } from "../deletions.ts";
import { EXAMPLE } from "../example-task.ts";
import { graphql } from "../graphql.ts";
import { useApi } from "../live.ts";
import { showToast } from "../ui/toast.tsx";

const CREATE = graphql(`
  mutation CreateExampleTask($input: CreateTaskInput!) {
    createTask(input: $input) {
      task {
        id
        name
      }
      userErrors {
        message
      }
    }
  }
`);
const DELETE = graphql(`mutation DeleteExampleTask($id: ID!) { deleteTask(input: { id: $id }) { userErrors { message } } }`);
const SAVE = graphql(`
  mutation SaveSample($yaml: String!) {
    saveWorkflow(input: { yaml: $yaml }) {
      workflow {
        name
      }
      userErrors {
        message
      }
    }
  }
`);
const samples = import.meta.glob<string>("../../../../src/tocsin/workflows/samples/*.yaml", { query: "?raw", import: "default" });

/** Shown in place of an empty overview. What is created appears by itself. */
export function FirstStep({ done }: { done: () => void }): JSX.Element {
  const { client } = useApi();
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const act = async (work: () => Promise<string>): Promise<void> => {
    setIsBusy(true);
    setProblem(await work());
    setIsBusy(false);
    done();
  };

  const addExample = async (): Promise<string> => {
    const { data, error } = await client.mutation(CREATE, { input: EXAMPLE }).toPromise();
    const task = data?.createTask.task;
    if (!task) return data?.createTask.userErrors[0]?.message ?? error?.message ?? "";
    showToast(`Created “${task.name}”`, { undo: () => client.mutation(DELETE, { id: task.id }).toPromise() });
    return "";
  };
  const loadSamples = async (): Promise<string> => {
    await finishDeletions(); // one of them may have the name of a sample
    const names: string[] = [];
    for (const load of Object.values(samples)) {
      const { data, error } = await client.mutation(SAVE, { yaml: await load() }).toPromise();
      const workflow = data?.saveWorkflow.workflow;
      if (!workflow) return data?.saveWorkflow.userErrors[0]?.message ?? error?.message ?? "";
      names.push(workflow.name);
    }
    showToast(`Saved the workflows ${names.join(", ")}`);
    return "";
  };
  return (
    <section class="first-step" aria-label="First step">
      <h2>Begin with a task</h2>
      <p class="faint">A task calls a URL by a schedule. What is due, what runs and what failed then appears here by itself.</p>
      <ul>
        <li>
          <h3>Write your own</h3>
          <p>A URL, a schedule and what to do about failures. The form begins with an example.</p>
          <Link href="/tasks/new" class="button main">
            New task
          </Link>
        </li>
        <li>
          <h3>Try an example</h3>
          <p>It asks every five minutes whether example.com is up, and tells you when it is not.</p>
          <button type="button" disabled={isBusy} onClick={() => void act(addExample)}>
            Create the example task
          </button>
        </li>
        <li>
          <h3>See whole workflows</h3>
          <p>{Object.keys(samples).length} samples: steps that depend on each other, retries, a report, an approval.</p>
          <button type="button" disabled={isBusy} onClick={() => void act(loadSamples)}>
            Load the samples
          </button>
        </li>
      </ul>
      <p class="problem" role="alert">
        {problem}
      </p>
      <p class="faint">
        Everything here can be done by programs, too: see the <a href="playground">playground</a>.
      </p>
    </section>
  );
}
