// The page of each address. All but the first one are loaded when they are first shown.

import type { JSX } from "preact";
import { Route, Switch } from "wouter-preact";

import { NotFoundPage } from "./pages/not-found.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { lazy } from "./ui/lazy.tsx";

const AccountPage = lazy(async () => (await import("./pages/account.tsx")).AccountPage);
const AdminPage = lazy(async () => (await import("./pages/admin.tsx")).AdminPage);
const AdminUserPage = lazy(async () => (await import("./pages/admin-user.tsx")).AdminUserPage);
const DeadLettersPage = lazy(async () => (await import("./pages/dead-letters.tsx")).DeadLettersPage);
const EditTaskPage = lazy(async () => (await import("./pages/task-form.tsx")).EditTaskPage);
const HistoryPage = lazy(async () => (await import("./pages/history.tsx")).HistoryPage);
const ImportTasksPage = lazy(async () => (await import("./pages/task-import.tsx")).ImportTasksPage);
const IncidentPage = lazy(async () => (await import("./pages/incident.tsx")).IncidentPage);
const IncidentsPage = lazy(async () => (await import("./pages/incidents.tsx")).IncidentsPage);
const NewTaskPage = lazy(async () => (await import("./pages/task-form.tsx")).NewTaskPage);
const NotificationsPage = lazy(async () => (await import("./pages/notifications.tsx")).NotificationsPage);
const QueuesPage = lazy(async () => (await import("./pages/queues.tsx")).QueuesPage);
const RunPage = lazy(async () => (await import("./pages/run.tsx")).RunPage);
const TaskPage = lazy(async () => (await import("./pages/task.tsx")).TaskPage);
const TasksPage = lazy(async () => (await import("./pages/tasks.tsx")).TasksPage);
const EditWorkflowPage = lazy(async () => (await import("./pages/edit-workflow.tsx")).EditWorkflowPage);
const NewWorkflowPage = lazy(async () => (await import("./pages/edit-workflow.tsx")).NewWorkflowPage);
const WorkflowPage = lazy(async () => (await import("./pages/workflow.tsx")).WorkflowPage);
const WorkflowRunPage = lazy(async () => (await import("./pages/workflow-run.tsx")).WorkflowRunPage);
const WorkflowsPage = lazy(async () => (await import("./pages/workflows.tsx")).WorkflowsPage);

export function Pages(): JSX.Element {
  return (
    <Switch>
      <Route path="/">
        <OverviewPage />
      </Route>
      <Route path="/tasks">
        <TasksPage />
      </Route>
      <Route path="/tasks/new">
        <NewTaskPage />
      </Route>
      <Route path="/tasks/import">
        <ImportTasksPage />
      </Route>
      <Route path="/tasks/:id/edit">{({ id }) => <EditTaskPage key={id} id={id} />}</Route>
      <Route path="/tasks/:id">{({ id }) => <TaskPage key={id} id={id} />}</Route>
      <Route path="/runs">
        <HistoryPage />
      </Route>
      <Route path="/runs/:id">{({ id }) => <RunPage key={id} id={id} />}</Route>
      <Route path="/workflows">
        <WorkflowsPage />
      </Route>
      <Route path="/workflows/new">
        <NewWorkflowPage />
      </Route>
      <Route path="/workflows/:id/edit">{({ id }) => <EditWorkflowPage key={id} id={id} />}</Route>
      <Route path="/workflows/:id">{({ id }) => <WorkflowPage key={id} id={id} />}</Route>
      <Route path="/workflow-runs/:id">{({ id }) => <WorkflowRunPage key={id} id={id} />}</Route>
      <Route path="/admin/users/:id">{({ id }) => <AdminUserPage key={id} id={id} />}</Route>
      <Route path="/admin/:part?">{({ part }) => <AdminPage part={part} />}</Route>
      <Route path="/account/:part?">{({ part }) => <AccountPage part={part} />}</Route>
      <Route path="/queues">
        <QueuesPage />
      </Route>
      <Route path="/notifications/:part?">{({ part }) => <NotificationsPage part={part} />}</Route>
      <Route path="/incidents">
        <IncidentsPage />
      </Route>
      <Route path="/incidents/:id">{({ id }) => <IncidentPage key={id} id={id} />}</Route>
      <Route path="/dead-letters">
        <DeadLettersPage />
      </Route>
      <Route component={NotFoundPage} />
    </Switch>
  );
}
