import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Link } from "wouter-preact";

import { formatCount } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { never } from "./account-profile.tsx";

const REREAD_MS = 5_000;
const SYSTEM = graphql(`
  query System {
    system {
      version
      pythonVersion
      startedAt
      concurrency
      components {
        name
        isHealthy
        note
      }
      database {
        isEmbedded
        version
        freeDiskMegabytes
      }
      processes {
        name
        isCurrent
        isAlive
        leaseEndsAt
      }
    }
    queues {
      name
      paused
      depth
      running
      throughputPerMinute
    }
  }
`);
type SystemData = ResultOf<typeof SYSTEM>;

export function AdminSystem(): JSX.Element {
  const { data, error, reread } = useLive(SYSTEM, {}, { concerns: never });
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reread(), REREAD_MS);
    return () => clearInterval(timer);
  }, []);
  if (error && !data) return <ErrorState message={error} retry={reread} />;
  if (!data) return <LoadingRows count={8} />;
  const { system, queues } = data;
  return (
    <>
      {error && <p class="notice bad">{error}</p>}
      <Components components={system.components} />
      <Section title="Work" aside={<Link href="/queues">All queues</Link>}>
        <Totals queues={queues} />
      </Section>
      <Section title="Processes">
        <Processes processes={system.processes} />
      </Section>
      <Section title="Versions">
        <Versions system={system} />
      </Section>
    </>
  );
}

function Components({ components }: { components: SystemData["system"]["components"] }): JSX.Element {
  return (
    <ul class="components">
      {components.map(({ name, isHealthy, note }) => (
        <li key={name}>
          <Health isHealthy={isHealthy} hasNote={note !== null} />
          <span class="name">{name.charAt(0).toUpperCase() + name.slice(1)}</span>
          <span class="faint">{note ?? (isHealthy ? "works" : "does not work")}</span>
        </li>
      ))}
    </ul>
  );
}

/** Health as a color and a shape; the word stands beside it. */
function Health({ isHealthy, hasNote = false }: { isHealthy: boolean; hasNote?: boolean }): JSX.Element {
  const tone = isHealthy ? (hasNote ? "warn" : "good") : "bad";
  return (
    <svg class={`shape ${tone}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <circle class="ground" cx="8" cy="8" r="7" />
      <path class="cut" d={isHealthy ? (hasNote ? "M8 4.5v4.25M8 11v.25" : "m4.75 8.25 2.25 2.25 4.25-4.75") : "m5.5 5.5 5 5m0-5-5 5"} />
    </svg>
  );
}

function Totals({ queues }: { queues: SystemData["queues"] }): JSX.Element {
  const sum = (count: (queue: SystemData["queues"][number]) => number): string =>
    formatCount(queues.reduce((total, queue) => total + count(queue), 0));
  return (
    <dl class="figures">
      <div>
        <dt>Running</dt>
        <dd>{sum(({ running }) => running)}</dd>
      </div>
      <div>
        <dt>Queued</dt>
        <dd>{sum(({ depth }) => depth)}</dd>
      </div>
      <div>
        <dt>Attempts in the last minute</dt>
        <dd>{sum(({ throughputPerMinute }) => throughputPerMinute)}</dd>
      </div>
      <div>
        <dt>Paused queues</dt>
        <dd>{sum(({ paused }) => (paused ? 1 : 0))}</dd>
      </div>
    </dl>
  );
}

function Processes({ processes }: { processes: SystemData["system"]["processes"] }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Process</th>
            <th>State</th>
            <th>Lease ends</th>
          </tr>
        </thead>
        <tbody>
          {processes.map(({ name, isCurrent, isAlive, leaseEndsAt }) => (
            <tr key={name}>
              <td class="name">
                {name} {isCurrent && <span class="tag">answers you</span>}
              </td>
              <td class="nowrap">
                <Health isHealthy={isAlive} /> {isAlive ? "alive" : "gone"}
              </td>
              <td class="nowrap">
                <Time at={leaseEndsAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Versions({ system }: { system: SystemData["system"] }): JSX.Element {
  const { version, pythonVersion, startedAt, concurrency, database } = system;
  return (
    <dl class="settings">
      <div>
        <dt>Tocsin</dt>
        <dd>{version}</dd>
      </div>
      <div>
        <dt>Python</dt>
        <dd>{pythonVersion}</dd>
      </div>
      <div>
        <dt>Database</dt>
        <dd>
          {database.isEmbedded ? "embedded" : "MongoDB server"}
          {database.version && `, ${database.version}`}
        </dd>
      </div>
      <div>
        <dt>Free disk space</dt>
        <dd>{database.freeDiskMegabytes === null ? "unknown" : `${formatCount(database.freeDiskMegabytes)} MB`}</dd>
      </div>
      <div>
        <dt>Running since</dt>
        <dd>
          <Time at={startedAt} />
        </dd>
      </div>
      <div>
        <dt>Attempts at once, per process</dt>
        <dd>{formatCount(concurrency)}</dd>
      </div>
    </dl>
  );
}
