/*! Licenses of the bundled packages: /assets/licences.md */
import{a as e,f as t,t as n}from"./jsxRuntime.module-B9qDJXb7.js";import{A as r,G as i,H as a,I as o,J as s,O as c,V as l,k as u,nt as d,q as f}from"./index-CfbBKCB3.js";import{t as p}from"./pager-ClrqVP4e.js";var m=20,h=s(`
  fragment WorkflowRunRow on WorkflowRun {
    id
    name
    version
    status
    trigger
    dueAt
    startedAt
    finishedAt
    reasonText
    progress {
      done
      all
    }
    error {
      message
    }
  }
`),g=s(`
    query WorkflowRuns($filter: WorkflowRunFilter, $first: Int!, $after: String) {
      workflowRuns(filter: $filter, first: $first, after: $after) {
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...WorkflowRunRow
        }
      }
    }
  `,[h]);function _({name:r}){let[o,s]=e(null),{data:c,error:u,reread:d}=f(g,{filter:r===void 0?null:{name:r},first:m,after:o},{concerns:i}),h=c?.workflowRuns;return h?h.nodes.length===0?n(`p`,{class:`faint`,children:r?`It has not run yet.`:`Nothing has run yet.`}):n(t,{children:[n(v,{runs:h.nodes,named:r===void 0}),(h.pageInfo.hasNextPage||o!==null)&&n(p,{shown:h.nodes.length,pageInfo:h.pageInfo,isFirst:o===null,go:s})]}):u?n(l,{message:u,retry:d}):n(a,{count:3})}function v({runs:e,named:t}){return n(`div`,{class:`table-frame`,children:n(`table`,{children:[n(`thead`,{children:n(`tr`,{children:[n(`th`,{children:`Status`}),t&&n(`th`,{children:`Workflow`}),n(`th`,{children:`Due`}),n(`th`,{class:`number wide-only`,children:`Took`}),n(`th`,{class:`number`,children:`Steps`}),n(`th`,{class:`number wide-only`,children:`Version`}),n(`th`,{class:`wide`,children:`What happened`})]})}),n(`tbody`,{children:e.map(e=>n(`tr`,{children:[n(`td`,{children:n(d,{href:`/workflow-runs/${e.id}`,class:`row-link`,children:n(r,{status:e.status})})}),t&&n(`td`,{class:`name`,children:e.name}),n(`td`,{class:`nowrap`,children:n(c,{at:e.dueAt,as:`moment`})}),n(`td`,{class:`number wide-only`,children:y(e)}),n(`td`,{class:`number`,children:[e.progress.done,` of `,e.progress.all]}),n(`td`,{class:`number wide-only`,children:e.version}),n(`td`,{class:`wide faint`,children:e.error?.message??e.reasonText??(e.trigger===`MANUAL`?`Run by hand`:``)})]},e.id))})]})})}function y({startedAt:e,finishedAt:t}){if(e===null)return`–`;let n=t===null?u.value:Date.parse(t);return o(Math.max(n-Date.parse(e),0))}export{y as n,_ as t};