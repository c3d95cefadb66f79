import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Route, Router, Switch } from "wouter-preact";

import { usePageLocation, usePageSearch } from "./address.ts";
import { connect, status, user } from "./client.ts";
import { type Api, ApiContext, Changes } from "./live.ts";
import { AccountPage } from "./pages/account.tsx";
import { HistoryPage } from "./pages/history.tsx";
import { NotFoundPage } from "./pages/not-found.tsx";
import { NotificationsPage } from "./pages/notifications.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { QueuesPage } from "./pages/queues.tsx";
import { RunPage } from "./pages/run.tsx";
import { SignInAgain, SignInPage } from "./pages/sign-in.tsx";
import { TaskPage } from "./pages/task.tsx";
import { TasksPage } from "./pages/tasks.tsx";
import { WorkflowRunPage } from "./pages/workflow-run.tsx";
import { WorkflowsPage } from "./pages/workflows.tsx";
import { Shell } from "./shell.tsx";

/** The dashboard. The page that is shown is in the fragment of the address, so signing in again leads back to it. If the
 * server has ended the session, the page is kept, hidden, for the same user: what they have typed is still there then. */
export function App(): JSX.Element {
  const kept = useRef<typeof user.value>(null);
  const current = status.value;
  if (current === "signed out") kept.current = null;
  else kept.current = user.value ?? kept.current;
  return (
    <Router hook={usePageLocation} searchHook={usePageSearch}>
      {kept.current && (
        <div hidden={user.value === null}>
          <Dashboard key={kept.current.id} />
        </div>
      )}
      {current === "signed out" && <SignInPage />}
      {current === "ended" && <SignInAgain email={kept.current?.email ?? ""} />}
    </Router>
  );
}

function Dashboard(): JSX.Element | null {
  const [api, setApi] = useState<Api | null>(null);
  useEffect(() => {
    const { client, close } = connect();
    const changes = new Changes(client);
    setApi({ client, changes });
    return () => {
      changes.close();
      close();
    };
  }, []);
  return (
    api && (
      <ApiContext.Provider value={api}>
        <Shell>
          <Switch>
            <Route path="/" component={OverviewPage} />
            <Route path="/tasks" component={TasksPage} />
            <Route path="/tasks/:id">{({ id }) => <TaskPage key={id} id={id} />}</Route>
            <Route path="/runs" component={HistoryPage} />
            <Route path="/runs/:id">{({ id }) => <RunPage key={id} id={id} />}</Route>
            <Route path="/workflows" component={WorkflowsPage} />
            <Route path="/workflow-runs/:id">{({ id }) => <WorkflowRunPage key={id} id={id} />}</Route>
            <Route path="/account" component={AccountPage} />
            <Route path="/queues" component={QueuesPage} />
            <Route path="/notifications" component={NotificationsPage} />
            <Route component={NotFoundPage} />
          </Switch>
        </Shell>
      </ApiContext.Provider>
    )
  );
}
