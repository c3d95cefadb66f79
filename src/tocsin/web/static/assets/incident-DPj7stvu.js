/*! Licenses of the bundled packages: /assets/licences.md */
import{a as e,f as t,t as n}from"./jsxRuntime.module-B9qDJXb7.js";import{E as r,_ as i,i as a,n as o,o as s,r as c,t as l,v as u}from"./time-B1YIbO7n.js";import{t as d}from"./pager-DORKUMIG.js";import{H as f,L as p,R as m,V as h,z as g}from"./index-DmBNgMYb.js";import{t as _}from"./status-CGvypWA3.js";import{concernsIncidents as v,n as y,t as b}from"./incidents--RpW1fuV.js";var x=50,S=u(`
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
  `,[b]);function C({id:o}){let[s,l]=e(null),{data:u,error:p,reread:_}=i(S,{id:o,first:x,after:s},{concerns:v}),b=u?.incident;if(u&&!b)return n(g,{});let C=b?.status===`OPEN`;return n(c,{title:b?m(b):`Incident`,above:n(r,{href:`/incidents`,children:`Incidents`}),actions:b&&C&&n(y,{incident:b,done:_}),children:[p&&!b&&n(h,{message:p,retry:_}),!p&&!b&&n(f,{count:6}),b&&n(t,{children:[n(w,{incident:b}),n(a,{title:`What fails`,aside:`${b.subjectCount}`,children:[n(T,{subjects:b.subjects.nodes}),(b.subjects.pageInfo.hasNextPage||s!==null)&&n(d,{shown:b.subjects.nodes.length,pageInfo:b.subjects.pageInfo,isFirst:s===null,go:l})]}),n(a,{title:`What you were told`,children:n(A,{notifications:b.notifications})})]})]})}function w({incident:e}){let{status:t,openedAt:r,overAt:i,lastFailureAt:a,failures:c,reopenedCount:u}=e,d=i?Date.parse(i):o.value;return n(`p`,{class:`summary`,children:[n(p,{status:t}),n(`span`,{children:[`Began `,n(l,{at:r})]}),n(`span`,{children:i?`Lasted ${s(d-Date.parse(r))}`:`For ${s(Math.max(d-Date.parse(r),0))}`}),!i&&n(`span`,{children:[`Last failure `,n(l,{at:a})]}),n(`span`,{children:c===1?`1 failed run`:`${c} failed runs`}),u>0&&n(`span`,{class:`faint`,children:[`came again `,u===1?`once`:`${u} times`]})]})}function T({subjects:e}){return n(`div`,{class:`table-frame`,children:n(`table`,{children:[n(`thead`,{children:n(`tr`,{children:[n(`th`,{children:`Now`}),n(`th`,{children:`Task or workflow`}),n(`th`,{class:`number`,children:`Failed runs`}),n(`th`,{children:`Since`}),n(`th`,{class:`wide`,children:`Last error`})]})}),n(`tbody`,{children:e.map(e=>n(`tr`,{children:[n(`td`,{children:n(D,{subject:e})}),n(`td`,{class:`name`,children:n(O,{subject:e})}),n(`td`,{class:`number`,children:e.failures||`–`}),n(`td`,{class:`nowrap`,children:n(l,{at:e.openedAt})}),n(`td`,{class:`wide faint`,title:e.error?.hint??void 0,children:n(k,{subject:e})})]},`${e.task?.id??e.workflow?.id??e.name} ${e.openedAt}`))})]})})}var E={RECOVERED:`COMPLETED`,PAUSED:`PAUSED`,CANCELLED:`CANCELLED`,DELETED:`CANCELLED`};function D({subject:{isFailing:e,ending:t}}){return e?n(_,{status:`FAILED`}):t===`RECOVERED`?n(_,{status:`RECOVERED`}):t&&E[t]?n(_,{status:E[t]}):n(`span`,{class:`faint`,children:t?.toLowerCase()??`–`})}function O({subject:{name:e,task:t,workflow:i}}){return t?n(r,{href:`/tasks/${t.id}`,children:e}):i?n(r,{href:`/workflows/${i.id}`,children:e}):n(`span`,{title:`It was deleted.`,children:e})}function k({subject:{error:e,run:i,workflowRun:a}}){let o=e?.message??`See the run`;return i?n(r,{href:`/runs/${i.id}`,children:o}):a?n(r,{href:`/workflow-runs/${a.id}`,children:o}):n(t,{children:e?.message??`–`})}function A({notifications:e}){return e.length===0?n(`p`,{class:`faint`,children:`Nothing yet.`}):n(`ul`,{class:`told`,children:e.map(({id:e,subject:t,at:r})=>n(`li`,{children:[n(`span`,{class:`faint nowrap`,children:n(l,{at:r,as:`moment`})}),n(`span`,{children:t})]},e))})}export{C as IncidentPage};