/*! Licenses of the bundled packages: /assets/licences.md */
import{a as e,f as t,t as n}from"./jsxRuntime.module-B9qDJXb7.js";import{E as r,_ as i,h as a,n as o,o as s,t as c,v as l}from"./time-B1YIbO7n.js";import{t as u}from"./status-CGvypWA3.js";import{H as d,V as f}from"./index-DmBNgMYb.js";import{t as p}from"./pager-DORKUMIG.js";var m=20,h=l(`
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
`),g=l(`
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
  `,[h]);function _({name:r}){let[o,s]=e(null),{data:c,error:l,reread:u}=i(g,{filter:r===void 0?null:{name:r},first:m,after:o},{concerns:a}),h=c?.workflowRuns;return h?h.nodes.length===0?n(`p`,{class:`faint`,children:r?`It has not run yet.`:`Nothing has run yet.`}):n(t,{children:[n(v,{runs:h.nodes,named:r===void 0}),(h.pageInfo.hasNextPage||o!==null)&&n(p,{shown:h.nodes.length,pageInfo:h.pageInfo,isFirst:o===null,go:s})]}):l?n(f,{message:l,retry:u}):n(d,{count:3})}function v({runs:e,named:t}){return n(`div`,{class:`table-frame`,children:n(`table`,{children:[n(`thead`,{children:n(`tr`,{children:[n(`th`,{children:`Status`}),t&&n(`th`,{children:`Workflow`}),n(`th`,{children:`Due`}),n(`th`,{class:`number wide-only`,children:`Took`}),n(`th`,{class:`number`,children:`Steps`}),n(`th`,{class:`number wide-only`,children:`Version`}),n(`th`,{class:`wide`,children:`What happened`})]})}),n(`tbody`,{children:e.map(e=>n(`tr`,{children:[n(`td`,{children:n(r,{href:`/workflow-runs/${e.id}`,class:`row-link`,children:n(u,{status:e.status})})}),t&&n(`td`,{class:`name`,children:e.name}),n(`td`,{class:`nowrap`,children:n(c,{at:e.dueAt,as:`moment`})}),n(`td`,{class:`number wide-only`,children:y(e)}),n(`td`,{class:`number`,children:[e.progress.done,` of `,e.progress.all]}),n(`td`,{class:`number wide-only`,children:e.version}),n(`td`,{class:`wide faint`,children:e.error?.message??e.reasonText??(e.trigger===`MANUAL`?`Run by hand`:``)})]},e.id))})]})})}function y({startedAt:e,finishedAt:t}){if(e===null)return`–`;let n=t===null?o.value:Date.parse(t);return s(Math.max(n-Date.parse(e),0))}export{y as n,_ as t};