/*! Licenses of the bundled packages: /assets/licences.md */
import{a as e,f as t,t as n}from"./jsxRuntime.module-B9qDJXb7.js";import{$ as r,B as i,D as a,E as o,H as s,J as c,N as l,O as u,V as d,nt as f,q as p}from"./index-CfbBKCB3.js";import{t as m}from"./pager-ClrqVP4e.js";import{t as h}from"./actions-CHsHzQ2_.js";var g=c(`
  fragment Acknowledgeable on Incident {
    id
    acknowledgedAt
  }
`),_=c(`mutation AcknowledgeIncident($id: ID!) { acknowledgeIncident(input: { id: $id }) { userErrors { message } } }`);function v({incident:{id:e,acknowledgedAt:r},done:i}){let{run:a,isBusy:o,problem:s}=h(_,{id:e});return r?n(`span`,{class:`faint nowrap`,children:[`acknowledged `,n(u,{at:r})]}):n(t,{children:[n(`span`,{class:`problem`,role:`alert`,children:s}),n(`button`,{type:`button`,disabled:o,title:`Ends the reminders. You are still told when it is over.`,onClick:()=>void a().then(i),children:`Acknowledge`})]})}var y=30,b=c(`
    fragment IncidentRow on Incident {
      id
      cause
      host
      errorKind
      status
      openedAt
      overAt
      lastFailureAt
      failures
      subjectCount
      subjects(first: 3) {
        nodes {
          name
        }
      }
      ...Acknowledgeable
    }
  `,[g]),x=c(`
    query Incidents($status: IncidentStatus, $first: Int!, $after: String) {
      incidents(status: $status, first: $first, after: $after) {
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...IncidentRow
        }
      }
    }
  `,[b]);function S({of:e}){return e===`task`||e===`workflow run`||e===`notification`}function C(){let[i,a]=r(),[o,c]=e(null),u=i.get(`show`)===`all`,{data:f,error:h,reread:g}=p(x,{status:u?null:`OPEN`,first:y,after:o},{concerns:S}),_=e=>{c(null),a({show:e})},v=f?.incidents;return n(l,{title:`Incidents`,children:[n(`div`,{class:`chips`,role:`group`,"aria-label":`Which`,children:[n(`button`,{type:`button`,"aria-pressed":!u,onClick:()=>_(null),children:`Open`}),n(`button`,{type:`button`,"aria-pressed":u,onClick:()=>_(`all`),children:`All`})]}),h&&!v&&n(d,{message:h,retry:g}),!h&&!v&&n(s,{count:4}),v&&v.nodes.length>0&&n(t,{children:[n(`ul`,{class:`incidents`,children:v.nodes.map(e=>n(T,{incident:e,done:g},e.id))}),n(m,{shown:v.nodes.length,pageInfo:v.pageInfo,isFirst:o===null,go:c})]}),v?.nodes.length===0&&n(w,{isHistory:u})]})}function w({isHistory:e}){return n(i,{title:e?`There was no incident`:`Nothing is failing`,children:n(`p`,{children:`Failures of scheduled runs with one cause, such as a server that is down, are one incident.`})})}function T({incident:e,done:t}){let{id:r,status:i,openedAt:s,overAt:c,lastFailureAt:l,failures:d,subjectCount:p,subjects:m}=e,h=p-m.nodes.length;return n(`li`,{children:[n(o,{status:i}),n(`div`,{class:`text`,children:[n(`h2`,{children:n(f,{href:`/incidents/${r}`,class:`row-link`,children:a(e)})}),n(`p`,{class:`faint`,children:[m.nodes.map(({name:e})=>e).join(`, `),h>0&&` and ${h} more`]}),n(`p`,{class:`facts`,children:[n(`span`,{children:[`began `,n(u,{at:s})]}),c?n(`span`,{children:[`over `,n(u,{at:c})]}):n(`span`,{children:[`last failure `,n(u,{at:l})]}),d>0&&n(`span`,{children:d===1?`1 failed run`:`${d} failed runs`})]})]}),i===`OPEN`&&n(v,{incident:e,done:t})]})}export{C as IncidentsPage,S as concernsIncidents,v as n,g as t};