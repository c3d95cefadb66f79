/*! Licenses of the bundled packages: /assets/licences.md */
import{o as e,p as t,t as n}from"./jsxRuntime.module-CnYUX-XB.js";import{Z as r,_ as i,r as a,t as o,v as s}from"./time-BRH1184B.js";import{H as c,R as l,U as u,V as d,Z as f,z as p}from"./index-Hs8ExkQT.js";import{t as m}from"./pager-BDub3AhO.js";import{t as h}from"./actions-C-u-PsqM.js";var g=s(`
  fragment Acknowledgeable on Incident {
    id
    acknowledgedAt
  }
`),_=s(`mutation AcknowledgeIncident($id: ID!) { acknowledgeIncident(input: { id: $id }) { userErrors { message } } }`);function v({incident:{id:e,acknowledgedAt:r},done:i}){let{run:a,isBusy:s,problem:c}=h(_,{id:e});return r?n(`span`,{class:`faint nowrap`,children:[`acknowledged `,n(o,{at:r})]}):n(t,{children:[n(`span`,{class:`problem`,role:`alert`,children:c}),n(`button`,{type:`button`,disabled:s,title:`Ends the reminders. You are still told when it is over.`,onClick:()=>void a().then(i),children:`Acknowledge`})]})}var y=30,b=s(`
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
  `,[g]),x=s(`
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
  `,[b]);function S({of:e}){return e===`task`||e===`workflow run`||e===`notification`}function C(){let[r,o]=f(),[s,l]=e(null),d=r.get(`show`)===`all`,{data:p,error:h,reread:g}=i(x,{status:d?null:`OPEN`,first:y,after:s},{concerns:S}),_=e=>{l(null),o({show:e})},v=p?.incidents;return n(a,{title:`Incidents`,children:[n(`div`,{class:`chips`,role:`group`,"aria-label":`Which`,children:[n(`button`,{type:`button`,"aria-pressed":!d,onClick:()=>_(null),children:`Open`}),n(`button`,{type:`button`,"aria-pressed":d,onClick:()=>_(`all`),children:`All`})]}),h&&!v&&n(c,{message:h,retry:g}),!h&&!v&&n(u,{count:4}),v&&v.nodes.length>0&&n(t,{children:[n(`ul`,{class:`incidents`,children:v.nodes.map(e=>n(T,{incident:e,done:g},e.id))}),n(m,{shown:v.nodes.length,pageInfo:v.pageInfo,isFirst:s===null,go:l})]}),v?.nodes.length===0&&n(w,{isHistory:d})]})}function w({isHistory:e}){return n(d,{title:e?`There was no incident`:`Nothing is failing`,children:n(`p`,{children:`Failures of scheduled runs with one cause, such as a server that is down, are one incident.`})})}function T({incident:e,done:t}){let{id:i,status:a,openedAt:s,overAt:c,lastFailureAt:u,failures:d,subjectCount:f,subjects:m}=e,h=f-m.nodes.length;return n(`li`,{children:[n(l,{status:a}),n(`div`,{class:`text`,children:[n(`h2`,{children:n(r,{href:`/incidents/${i}`,class:`row-link`,children:p(e)})}),n(`p`,{class:`faint`,children:[m.nodes.map(({name:e})=>e).join(`, `),h>0&&` and ${h} more`]}),n(`p`,{class:`facts`,children:[n(`span`,{children:[`began `,n(o,{at:s})]}),c?n(`span`,{children:[`over `,n(o,{at:c})]}):n(`span`,{children:[`last failure `,n(o,{at:u})]}),d>0&&n(`span`,{children:d===1?`1 failed run`:`${d} failed runs`})]})]}),a===`OPEN`&&n(v,{incident:e,done:t})]})}export{C as IncidentsPage,S as concernsIncidents,v as n,g as t};