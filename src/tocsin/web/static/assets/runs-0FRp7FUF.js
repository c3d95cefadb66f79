/*! Licenses of the bundled packages: /assets/licences.md */
import{o as e,p as t,t as n}from"./jsxRuntime.module-CnYUX-XB.js";import{Z as r,_ as i,h as a,n as o,o as s,t as c,v as l}from"./time-BRH1184B.js";import{t as u}from"./status-BVNKpSH8.js";import{r as d}from"./run-words-CBg0-OQI.js";import{H as f,U as p}from"./index-Hs8ExkQT.js";import{t as m}from"./pager-BDub3AhO.js";var h=20,g=l(`
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
`),_=l(`
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
  `,[g]);function v({name:r}){let[o,s]=e(null),{data:c,error:l,reread:u}=i(_,{filter:r===void 0?null:{name:r},first:h,after:o},{concerns:a}),d=c?.workflowRuns;return d?d.nodes.length===0?n(`p`,{class:`faint`,children:r?`It has not run yet.`:`Nothing has run yet.`}):n(t,{children:[n(y,{runs:d.nodes,named:r===void 0}),(d.pageInfo.hasNextPage||o!==null)&&n(m,{shown:d.nodes.length,pageInfo:d.pageInfo,isFirst:o===null,go:s})]}):l?n(f,{message:l,retry:u}):n(p,{count:3})}function y({runs:e,named:t}){return n(`div`,{class:`table-frame`,children:n(`table`,{children:[n(`thead`,{children:n(`tr`,{children:[n(`th`,{children:`Status`}),t&&n(`th`,{children:`Workflow`}),n(`th`,{children:`Due`}),n(`th`,{class:`number wide-only`,children:`Took`}),n(`th`,{class:`number`,children:`Steps`}),n(`th`,{class:`number wide-only`,children:`Version`}),n(`th`,{class:`wide`,children:`What happened`})]})}),n(`tbody`,{children:e.map(e=>n(`tr`,{children:[n(`td`,{children:n(r,{href:`/workflow-runs/${e.id}`,class:`row-link`,children:n(u,{status:e.status})})}),t&&n(`td`,{class:`name`,children:e.name}),n(`td`,{class:`nowrap`,children:n(c,{at:e.dueAt,as:`moment`})}),n(`td`,{class:`number wide-only`,children:b(e)}),n(`td`,{class:`number`,children:[e.progress.done,` of `,e.progress.all]}),n(`td`,{class:`number wide-only`,children:e.version}),n(`td`,{class:`wide faint`,children:e.error?.message??e.reasonText??d(e.trigger)})]},e.id))})]})})}function b({startedAt:e,finishedAt:t}){if(e===null)return`–`;let n=t===null?o.value:Date.parse(t);return s(Math.max(n-Date.parse(e),0))}export{b as n,v as t};