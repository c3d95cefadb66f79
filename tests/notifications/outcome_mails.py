"""The mails about the events of `outcome_samples`."""

PAUSED_MAIL = """\
Hello,

Your task "Nightly backup" has paused itself, because its runs keep failing.
It will not run any more until you resume it.

Failed in a row: 5
Error:           The server answered 503 Service Unavailable.
Hint:            It asks to be left alone for a while: see whether it is
                 being serviced, or is short of memory.
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

Correct the cause, then resume the task with resumeTask. What is due
meanwhile is not caught up.

Tocsin
"""
MISSED_MAIL = """\
Hello,

Your task "Nightly backup" has missed 37 runs.

Reason:          No server could run it in time.
First due:       22 Nov 2026, 09:00:00 UTC
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

You will get no more mails about missed runs of this task until one of its
runs has succeeded.

Tocsin
"""
SKIPPED_MAIL = """\
Hello,

Your task "Nightly backup" has missed a run.

Reason:          The previous run had not ended.
Was due:         22 Nov 2026, 09:00:00 UTC
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

You will get no more mails about missed runs of this task until one of its
runs has succeeded.

Tocsin
"""
FINISHED_MAIL = """\
Hello,

A run of your workflow "Invoices" is finished.

Due:             22 Nov 2026, 09:00:00 UTC
Ended:           22 Nov 2026, 09:00:11 UTC
Workflow run:    V29ya2Zsb3dSdW46dTEvdzEtMTc5NTMzODAwMDAwMA==
Open:            {page}

The page shows its steps.

Tocsin
"""
FAILED_MAIL = """\
Hello,

A run of your workflow "Invoices" has failed.

Failed steps:    a, b
Error:           The server answered 500.
Due:             22 Nov 2026, 09:00:00 UTC
Ended:           22 Nov 2026, 09:00:11 UTC
Workflow run:    V29ya2Zsb3dSdW46dTEvdzEtMTc5NTMzODAwMDAwMA==
Open:            {page}

The run can be resumed.

Tocsin
"""
REPORT_MAIL = """\
Hello,

The report "Sales.csv" is ready.

Task:            Weekly sales
Size:            34,567 bytes
Rows:            1,234
Due:             22 Nov 2026, 09:00:00 UTC
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

The page has the link to the file, in the result of the run.

Tocsin
"""
REPLAYED_MAIL = """\
Hello,

Your replay of dead letters is finished.

Selected:        1,200
Sent:            1,190
Succeeded:       1,188
Failed again:    2
Skipped:         10
Open:            {page}

Runs that were not sent, or have failed again, are still dead letters.

Tocsin
"""
STOPPED_MAIL = """\
Hello,

Your replay of dead letters was stopped.

Reason:          The canary failed.
Selected:        1,200
Sent:            1
Succeeded:       0
Failed again:    1
Open:            {page}

Runs that were not sent, or have failed again, are still dead letters.

Tocsin
"""
TOKEN_MAIL = """\
Hello,

The API token "Deploy" was created for your account.

Ends with:       x7Qz
Scopes:          READ, WRITE
Expires:         22 Nov 2026, 09:00:11 UTC
When:            22 Nov 2026, 09:00:00 UTC
From:            192.0.2.1
New password:    {page}

If it was not you, revoke it with revokeApiToken, choose a new password, and
tell your administrator.

Tocsin
"""
ADDRESS_ADDED_MAIL = """\
Hello,

ops@example.org gets mails of your account from now on: those about tasks
and workflows that fail.

When:            22 Nov 2026, 09:00:00 UTC
From:            192.0.2.1
New password:    {page}

If it was not you, end it with removeMailAddress, choose a new password, and
tell your administrator.

Tocsin
"""
ADDRESS_REMOVED_MAIL = """\
Hello,

ops@example.org no longer gets mails of your account: those about tasks and
workflows that fail. They are sent to the address of your account again.

When:            22 Nov 2026, 09:00:00 UTC
From:            unknown
New password:    {page}

If it was not you, choose a new password, and tell your administrator.

Tocsin
"""
ADDRESS_LEFT_MAIL = ADDRESS_REMOVED_MAIL.replace(
    """\
ops@example.org no longer gets mails of your account: those about tasks and
workflows that fail. They are sent to the address of your account again.
""",
    """\
Someone who reads ops@example.org has ended mails of your account to that
address: those about tasks and workflows that fail. They are sent to the
address of your account again.
""",
)
UNREADABLE_MAIL = """\
Hello,

Your task "Nightly backup" was paused, because it cannot be read any more.
It will not run until you correct and resume it.

When:            22 Nov 2026, 09:00:11 UTC

A time zone that no longer exists can be the cause. Set its schedule with
updateTask, then resume it with resumeTask.

Tocsin
"""
