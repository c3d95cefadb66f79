/*! Licenses of the bundled packages: /assets/licences.md */
import{o as e,p as t,t as n}from"./jsxRuntime.module-CnYUX-XB.js";import{Z as r,_ as i,i as a,n as o,o as s,r as c,t as l,v as u}from"./time-BRH1184B.js";import{t as d}from"./pager-BDub3AhO.js";import{B as f,H as p,R as m,U as h,z as g}from"./index-Hs8ExkQT.js";import{t as _}from"./status-BVNKpSH8.js";import{concernsIncidents as v,n as y,t as b}from"./incidents-C5X3mcT5.js";function x(e){let t=new Map;for(let n of[...e].sort((e,t)=>Date.parse(e.openedAt)-Date.parse(t.openedAt))){let e=n.task?.id??n.workflow?.id??n.name,r=t.get(e);t.set(e,{...n,failures:n.failures+(r?.failures??0),openedAt:r?.openedAt??n.openedAt,times:(r?.times??0)+1})}return[...t.values()].sort((e,t)=>Number(t.isFailing)-Number(e.isFailing)||t.failures-e.failures)}var S=50,C=u(`
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
  `,[b]);function w({id:o}){let[s,l]=e(null),{data:u,error:m,reread:_}=i(C,{id:o,first:S,after:s},{concerns:v}),b=u?.incident;if(u&&!b)return n(f,{});let x=b?.status===`OPEN`;return n(c,{title:b?g(b):`Incident`,above:n(r,{href:`/incidents`,children:`Incidents`}),actions:b&&x&&n(y,{incident:b,done:_}),children:[m&&!b&&n(p,{message:m,retry:_}),!m&&!b&&n(h,{count:6}),b&&n(t,{children:[n(T,{incident:b}),n(a,{title:`What fails`,aside:`${b.subjectCount}`,children:[n(E,{subjects:b.subjects.nodes}),(b.subjects.pageInfo.hasNextPage||s!==null)&&n(d,{shown:b.subjects.nodes.length,pageInfo:b.subjects.pageInfo,isFirst:s===null,go:l})]}),n(a,{title:`What you were told`,children:n(j,{notifications:b.notifications})})]})]})}function T({incident:e}){let{status:t,openedAt:r,overAt:i,lastFailureAt:a,failures:c,reopenedCount:u}=e,d=i?Date.parse(i):o.value;return n(`p`,{class:`summary`,children:[n(m,{status:t}),n(`span`,{children:[`Began `,n(l,{at:r})]}),n(`span`,{children:i?`Lasted ${s(d-Date.parse(r))}`:`For ${s(Math.max(d-Date.parse(r),0))}`}),!i&&n(`span`,{children:[`Last failure `,n(l,{at:a})]}),n(`span`,{children:c===1?`1 failed run`:`${c} failed runs`}),u>0&&n(`span`,{class:`faint`,children:[`came again `,u===1?`once`:`${u} times`]})]})}function E({subjects:e}){return n(`div`,{class:`table-frame`,children:n(`table`,{children:[n(`thead`,{children:n(`tr`,{children:[n(`th`,{children:`Now`}),n(`th`,{children:`Task or workflow`}),n(`th`,{class:`number`,children:`Failed runs`}),n(`th`,{children:`Since`}),n(`th`,{class:`wide`,children:`Last error`})]})}),n(`tbody`,{children:x(e).map(e=>n(`tr`,{children:[n(`td`,{children:n(O,{subject:e})}),n(`td`,{class:`name`,children:[n(k,{subject:e}),e.times>1&&n(`span`,{class:`faint`,children:[` · failed `,e.times,` times, and worked between`]})]}),n(`td`,{class:`number`,children:e.failures||`–`}),n(`td`,{class:`nowrap`,children:n(l,{at:e.openedAt})}),n(`td`,{class:`wide faint`,title:e.error?.hint??void 0,children:n(A,{subject:e})})]},e.task?.id??e.workflow?.id??e.name))})]})})}var D={RECOVERED:`COMPLETED`,PAUSED:`PAUSED`,CANCELLED:`CANCELLED`,DELETED:`CANCELLED`};function O({subject:{isFailing:e,ending:t}}){return e?n(_,{status:`FAILED`}):t===`RECOVERED`?n(_,{status:`RECOVERED`}):t&&D[t]?n(_,{status:D[t]}):n(`span`,{class:`faint`,children:t?.toLowerCase()??`–`})}function k({subject:{name:e,task:t,workflow:i}}){return t?n(r,{href:`/tasks/${t.id}`,children:e}):i?n(r,{href:`/workflows/${i.id}`,children:e}):n(`span`,{title:`It was deleted.`,children:e})}function A({subject:{error:e,run:i,workflowRun:a}}){let o=e?.message??`See the run`;return i?n(r,{href:`/runs/${i.id}`,children:o}):a?n(r,{href:`/workflow-runs/${a.id}`,children:o}):n(t,{children:e?.message??`–`})}function j({notifications:e}){return e.length===0?n(`p`,{class:`faint`,children:`Nothing yet.`}):n(`ul`,{class:`told`,children:e.map(({id:e,subject:t,at:r})=>n(`li`,{children:[n(`span`,{class:`faint nowrap`,children:n(l,{at:r,as:`moment`})}),n(`span`,{children:t})]},e))})}export{w as IncidentPage};