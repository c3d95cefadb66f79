/*! Licenses of the bundled packages: /assets/licences.md */
import{a as e,f as t,t as n}from"./jsxRuntime.module-B9qDJXb7.js";import{A as r,D as i,E as a,H as o,I as s,J as c,N as l,O as u,P as d,V as f,k as p,nt as m,q as h,z as g}from"./index-CfbBKCB3.js";import{t as _}from"./pager-ClrqVP4e.js";import{concernsIncidents as v,n as y,t as b}from"./incidents-Dbjyu9pR.js";var x=50,S=c(`
    query Incident($id: ID!, $first: Int!, $after: String) {
      incident(id: $id) {
        id
        cause
        host
        errorKind
        status
        openedAt
        reopenedCount
        overAt
        lastFailureAt
        failures
        subjectCount
        ...Acknowledgeable
        subjects(first: $first, after: $after) {
          pageInfo {
            hasNextPage
            endCursor
          }
          nodes {
            name
            isFailing
            failures
            openedAt
            endedAt
            ending
            error {
              message
              hint
            }
            task {
              id
            }
            workflow {
              id
            }
            run {
              id
            }
            workflowRun {
              id
            }
          }
        }
        notifications {
          id
          kind
          subject
          at
        }
      }
    }
  `,[b]);function C({id:r}){let[a,s]=e(null),{data:c,error:u,reread:p}=h(S,{id:r,first:x,after:a},{concerns:v}),b=c?.incident;if(c&&!b)return n(g,{});let C=b?.status===`OPEN`;return n(l,{title:b?i(b):`Incident`,above:n(m,{href:`/incidents`,children:`Incidents`}),actions:b&&C&&n(y,{incident:b,done:p}),children:[u&&!b&&n(f,{message:u,retry:p}),!u&&!b&&n(o,{count:6}),b&&n(t,{children:[n(w,{incident:b}),n(d,{title:`What fails`,aside:`${b.subjectCount}`,children:[n(T,{subjects:b.subjects.nodes}),(b.subjects.pageInfo.hasNextPage||a!==null)&&n(_,{shown:b.subjects.nodes.length,pageInfo:b.subjects.pageInfo,isFirst:a===null,go:s})]}),n(d,{title:`What you were told`,children:n(A,{notifications:b.notifications})})]})]})}function w({incident:e}){let{status:t,openedAt:r,overAt:i,lastFailureAt:o,failures:c,reopenedCount:l}=e,d=i?Date.parse(i):p.value;return n(`p`,{class:`summary`,children:[n(a,{status:t}),n(`span`,{children:[`Began `,n(u,{at:r})]}),n(`span`,{children:i?`Lasted ${s(d-Date.parse(r))}`:`For ${s(Math.max(d-Date.parse(r),0))}`}),!i&&n(`span`,{children:[`Last failure `,n(u,{at:o})]}),n(`span`,{children:c===1?`1 failed run`:`${c} failed runs`}),l>0&&n(`span`,{class:`faint`,children:[`came again `,l===1?`once`:`${l} times`]})]})}function T({subjects:e}){return n(`div`,{class:`table-frame`,children:n(`table`,{children:[n(`thead`,{children:n(`tr`,{children:[n(`th`,{children:`Now`}),n(`th`,{children:`Task or workflow`}),n(`th`,{class:`number`,children:`Failed runs`}),n(`th`,{children:`Since`}),n(`th`,{class:`wide`,children:`Last error`})]})}),n(`tbody`,{children:e.map(e=>n(`tr`,{children:[n(`td`,{children:n(D,{subject:e})}),n(`td`,{class:`name`,children:n(O,{subject:e})}),n(`td`,{class:`number`,children:e.failures||`–`}),n(`td`,{class:`nowrap`,children:n(u,{at:e.openedAt})}),n(`td`,{class:`wide faint`,title:e.error?.hint??void 0,children:n(k,{subject:e})})]},`${e.task?.id??e.workflow?.id??e.name} ${e.openedAt}`))})]})})}var E={RECOVERED:`COMPLETED`,PAUSED:`PAUSED`,CANCELLED:`CANCELLED`,DELETED:`CANCELLED`};function D({subject:{isFailing:e,ending:t}}){return e?n(r,{status:`FAILED`}):t===`RECOVERED`?n(r,{status:`RECOVERED`}):t&&E[t]?n(r,{status:E[t]}):n(`span`,{class:`faint`,children:t?.toLowerCase()??`–`})}function O({subject:{name:e,task:t,workflow:r}}){return t?n(m,{href:`/tasks/${t.id}`,children:e}):r?n(m,{href:`/workflows/${r.id}`,children:e}):n(`span`,{title:`It was deleted.`,children:e})}function k({subject:{error:e,run:r,workflowRun:i}}){let a=e?.message??`See the run`;return r?n(m,{href:`/runs/${r.id}`,children:a}):i?n(m,{href:`/workflow-runs/${i.id}`,children:a}):n(t,{children:e?.message??`–`})}function A({notifications:e}){return e.length===0?n(`p`,{class:`faint`,children:`Nothing yet.`}):n(`ul`,{class:`told`,children:e.map(({id:e,subject:t,at:r})=>n(`li`,{children:[n(`span`,{class:`faint nowrap`,children:n(u,{at:r,as:`moment`})}),n(`span`,{children:t})]},e))})}export{C as IncidentPage};