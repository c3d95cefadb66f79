// What fails in an incident: something that fails, works and fails again is there once for each time.

type Alert = {
  name: string;
  isFailing: boolean;
  failures: number;
  openedAt: string;
  task: { id: string } | null;
  workflow: { id: string } | null;
};

/** Joins what is about the same task or workflow: the latest, since the first, with the sum of failures. What fails comes first. */
export function joinBySubject<Each extends Alert>(alerts: readonly Each[]): (Each & { times: number })[] {
  const joined = new Map<string, Each & { times: number }>();
  for (const alert of [...alerts].sort((one, other) => Date.parse(one.openedAt) - Date.parse(other.openedAt))) {
    const key = alert.task?.id ?? alert.workflow?.id ?? alert.name;
    const before = joined.get(key);
    joined.set(key, {
      ...alert,
      failures: alert.failures + (before?.failures ?? 0),
      openedAt: before?.openedAt ?? alert.openedAt,
      times: (before?.times ?? 0) + 1,
    });
  }
  return [...joined.values()].sort((one, other) => Number(other.isFailing) - Number(one.isFailing) || other.failures - one.failures);
}
