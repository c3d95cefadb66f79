// Mutations, and what the user is told when one is refused.

import type { DocumentInput } from "@urql/core";
import { useState } from "preact/hooks";

import { useApi } from "./live.ts";

type Payload = { userErrors: readonly { message: string }[] };

/** `run` returns whether it was done. */
export type Action = { run: () => Promise<boolean>; isBusy: boolean; problem: string };

/** Returns an action that sends a mutation with one payload. `problem` says why it was refused. */
export function useAction<Data extends Record<string, Payload>, Variables extends Record<string, unknown>>(
  mutation: DocumentInput<Data, Variables>,
  variables: Variables,
): Action {
  const { client } = useApi();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const run = async (): Promise<boolean> => {
    setIsBusy(true);
    const { data, error } = await client.mutation(mutation, variables).toPromise();
    const refusals = Object.values(data ?? {}).flatMap(({ userErrors }) => userErrors.map(({ message }) => message));
    setProblem(error ? (error.graphQLErrors[0]?.message ?? "The server cannot be reached.") : refusals.join(" "));
    setIsBusy(false);
    return !error && refusals.length === 0;
  };
  return { run, isBusy, problem };
}
