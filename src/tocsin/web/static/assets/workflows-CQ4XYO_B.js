/*! Licenses of the bundled packages: /assets/licences.md */
import{t as e}from"./runs-DKcayhcZ.js";import{a as t,f as n,t as r}from"./jsxRuntime.module-B9qDJXb7.js";import{$ as i,A as a,B as o,H as s,J as c,K as l,N as u,O as d,P as f,U as p,V as m,nt as h,q as g,rt as _,w as v}from"./index-CfbBKCB3.js";import{t as y}from"./pager-ClrqVP4e.js";import{t as b}from"./search-field-Dha0fChQ.js";import{t as x}from"./delete-workflow-lAbHda9H.js";var S=20,C=c(`
  query Workflows($filter: WorkflowFilter, $first: Int!, $after: String) {
    workflows(filter: $filter, first: $first, after: $after) {
      totalCount
      totalCountIsExact
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        name
        description
        isPaused
        nextRunAt
        schedule {
          summary
        }
        runs(first: 1) {
          nodes {
            id
            status
            dueAt
          }
        }
      }
    }
  }
`),w=c(`
  mutation StartWorkflow($name: String!) {
    executeWorkflow(input: { name: $name }) {
      workflowRun {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);function T(){let[a]=i(),[c,l]=t(null),d=a.get(`name`),{data:h,error:_,reread:v}=g(C,{filter:d?{name:d}:null,first:S,after:c},{concerns:p}),b=h?.workflows;return r(u,{title:`Workflows`,actions:r(E,{}),children:[_&&!b&&r(m,{message:_,retry:v}),!_&&!b&&r(s,{count:6}),b?.nodes.length===0&&(d?r(o,{title:`No workflow matches`}):r(D,{})),b&&b.nodes.length>0&&r(n,{children:[r(O,{workflows:b.nodes,reread:v}),(b.pageInfo.hasNextPage||c!==null)&&r(y,{shown:b.nodes.length,total:{count:b.totalCount,isExact:b.totalCountIsExact},pageInfo:b.pageInfo,isFirst:c===null,go:l}),r(f,{title:`Latest runs`,children:r(e,{})})]})]})}function E(){let[e,t]=i();return r(n,{children:[r(b,{label:`Search by name`,value:e.get(`name`)??``,change:e=>t({name:e})}),r(h,{href:`/workflows/new`,class:`button main`,children:`New workflow`})]})}function D(){return r(o,{title:`There are no workflows yet`,children:[r(`p`,{children:`A workflow runs several steps in their order: calls, reports, mails, waits and decisions of people.`}),r(`p`,{children:r(h,{href:`/workflows/new`,class:`button main`,children:`Begin with an example`})}),r(`p`,{children:[`Or load the samples with `,r(`code`,{children:`tocsin samples load`}),`.`]})]})}function O({workflows:e,reread:t}){return r(`div`,{class:`table-frame`,children:r(`table`,{children:[r(`thead`,{children:r(`tr`,{children:[r(`th`,{children:`Last run`}),r(`th`,{children:`Workflow`}),r(`th`,{class:`wide`,children:`Schedule`}),r(`th`,{class:`wide-only`,children:`Next due`}),r(`th`,{children:r(`span`,{class:`hidden`,children:`Actions`})})]})}),r(`tbody`,{children:e.map(e=>r(k,{workflow:e,reread:t},e.id))})]})})}function k({workflow:e,reread:t}){let{id:n,name:i,description:o,schedule:s,isPaused:c,nextRunAt:l,runs:u}=e,f=u.nodes[0];return r(`tr`,{children:[r(`td`,{class:`nowrap two-lines`,children:f?r(h,{href:`/workflow-runs/${f.id}`,class:`row-link`,children:[r(a,{status:f.status}),r(`p`,{class:`faint description`,children:r(d,{at:f.dueAt})})]}):r(`span`,{class:`faint`,children:`–`})}),r(`td`,{class:`name`,children:[r(h,{href:`/workflows/${n}`,children:i}),o&&r(`p`,{class:`faint description`,children:o})]}),r(`td`,{class:`wide faint`,children:s?.summary??`By hand`}),r(`td`,{class:`nowrap wide-only`,children:c?r(a,{status:`PAUSED`}):r(A,{at:l})}),r(`td`,{class:`number`,children:r(`span`,{class:`row-actions`,children:[r(j,{id:n,name:i}),r(x,{name:i,class:`quiet wide-only`,done:t})]})})]})}function A({at:e}){return e?r(d,{at:e}):r(`span`,{class:`faint`,children:`–`})}function j({id:e,name:i}){let{client:a}=l(),[,o]=_(),[s,c]=t(!1),[u,d]=t(``),f=async()=>{c(!0);let{data:t,error:n}=await a.mutation(w,{name:i}).toPromise();c(!1);let{workflowRun:r,userErrors:s=[]}=t?.executeWorkflow??{};r?o(`/workflow-runs/${r.id}`):s.some(({field:e})=>e?.[0]===`input`)?o(`/workflows/${e}?run=1`):d(n?`The server cannot be reached.`:s.map(({message:e})=>e).join(` `))};return r(n,{children:[r(`span`,{class:`problem`,role:`alert`,children:u}),r(`button`,{type:`button`,disabled:s,"aria-label":`Run ${i}`,onClick:()=>void f(),children:[r(v,{}),`Run`]})]})}export{T as WorkflowsPage};