/*! Licenses of the bundled packages: /assets/licences.md */
import{t as e}from"./runs-Bwr9iRFR.js";import{a as t,f as n,t as r}from"./jsxRuntime.module-B9qDJXb7.js";import{A as i,E as a,_ as o,g as s,i as c,p as l,r as u,t as d,v as f}from"./time-B1YIbO7n.js";import{B as p,F as m,H as h,K as g,V as _}from"./index-DmBNgMYb.js";import{t as v}from"./pager-DORKUMIG.js";import{t as y}from"./search-field-Dha0fChQ.js";import{t as b}from"./status-CGvypWA3.js";import{t as x}from"./delete-workflow-Ce2uu0wT.js";var S=20,C=f(`
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
`),w=f(`
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
`);function T(){let[i]=g(),[a,s]=t(null),d=i.get(`name`),{data:f,error:m,reread:y}=o(C,{filter:d?{name:d}:null,first:S,after:a},{concerns:l}),b=f?.workflows;return r(u,{title:`Workflows`,actions:r(E,{}),children:[m&&!b&&r(_,{message:m,retry:y}),!m&&!b&&r(h,{count:6}),b?.nodes.length===0&&(d?r(p,{title:`No workflow matches`}):r(D,{})),b&&b.nodes.length>0&&r(n,{children:[r(O,{workflows:b.nodes,reread:y}),(b.pageInfo.hasNextPage||a!==null)&&r(v,{shown:b.nodes.length,total:{count:b.totalCount,isExact:b.totalCountIsExact},pageInfo:b.pageInfo,isFirst:a===null,go:s}),r(c,{title:`Latest runs`,children:r(e,{})})]})]})}function E(){let[e,t]=g();return r(n,{children:[r(y,{label:`Search by name`,value:e.get(`name`)??``,change:e=>t({name:e})}),r(a,{href:`/workflows/new`,class:`button main`,children:`New workflow`})]})}function D(){return r(p,{title:`There are no workflows yet`,children:[r(`p`,{children:`A workflow runs several steps in their order: calls, reports, mails, waits and decisions of people.`}),r(`p`,{children:r(a,{href:`/workflows/new`,class:`button main`,children:`Begin with an example`})}),r(`p`,{children:[`Or load the samples with `,r(`code`,{children:`tocsin samples load`}),`.`]})]})}function O({workflows:e,reread:t}){return r(`div`,{class:`table-frame`,children:r(`table`,{children:[r(`thead`,{children:r(`tr`,{children:[r(`th`,{children:`Last run`}),r(`th`,{children:`Workflow`}),r(`th`,{class:`wide`,children:`Schedule`}),r(`th`,{class:`wide-only`,children:`Next due`}),r(`th`,{children:r(`span`,{class:`hidden`,children:`Actions`})})]})}),r(`tbody`,{children:e.map(e=>r(k,{workflow:e,reread:t},e.id))})]})})}function k({workflow:e,reread:t}){let{id:n,name:i,description:o,schedule:s,isPaused:c,nextRunAt:l,runs:u}=e,f=u.nodes[0];return r(`tr`,{children:[r(`td`,{class:`nowrap two-lines`,children:f?r(a,{href:`/workflow-runs/${f.id}`,class:`row-link`,children:[r(b,{status:f.status}),r(`p`,{class:`faint description`,children:r(d,{at:f.dueAt})})]}):r(`span`,{class:`faint`,children:`–`})}),r(`td`,{class:`name`,children:[r(a,{href:`/workflows/${n}`,children:i}),o&&r(`p`,{class:`faint description`,children:o})]}),r(`td`,{class:`wide faint`,children:s?.summary??`By hand`}),r(`td`,{class:`nowrap wide-only`,children:c?r(b,{status:`PAUSED`}):r(A,{at:l})}),r(`td`,{class:`number`,children:r(`span`,{class:`row-actions`,children:[r(j,{id:n,name:i}),r(x,{name:i,class:`quiet wide-only`,done:t})]})})]})}function A({at:e}){return e?r(d,{at:e}):r(`span`,{class:`faint`,children:`–`})}function j({id:e,name:a}){let{client:o}=s(),[,c]=i(),[l,u]=t(!1),[d,f]=t(``),p=async()=>{u(!0);let{data:t,error:n}=await o.mutation(w,{name:a}).toPromise();u(!1);let{workflowRun:r,userErrors:i=[]}=t?.executeWorkflow??{};r?c(`/workflow-runs/${r.id}`):i.some(({field:e})=>e?.[0]===`input`)?c(`/workflows/${e}?run=1`):f(n?`The server cannot be reached.`:i.map(({message:e})=>e).join(` `))};return r(n,{children:[r(`span`,{class:`problem`,role:`alert`,children:d}),r(`button`,{type:`button`,disabled:l,"aria-label":`Run ${a}`,onClick:()=>void p(),children:[r(m,{}),`Run`]})]})}export{T as WorkflowsPage};