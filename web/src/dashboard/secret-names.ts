// The names of the account's secrets, which fields that can reference one offer.

import { readOnce } from "./client.ts";
import { graphql } from "./graphql.ts";
import { useLive } from "./live.ts";

const SECRET_NAMES = graphql(`query SecretNames { secrets { name } }`);

/** Reads the names; none if they cannot be read. */
export async function readSecretNames(): Promise<string[]> {
  const { data } = await readOnce(SECRET_NAMES, {});
  return data?.secrets.map(({ name }) => name) ?? [];
}

/** The names; none until they are read. */
export function useSecretNames(): string[] {
  const { data } = useLive(SECRET_NAMES, {}, { concerns: () => false });
  return data?.secrets.map(({ name }) => name) ?? [];
}
