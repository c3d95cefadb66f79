/*! Licenses of the bundled packages: /assets/licences.md */
import{t as e}from"./runs-UoJuvAUM.js";import{o as t,p as n,t as r}from"./jsxRuntime.module-CnYUX-XB.js";import{A as i,E as a,_ as o,g as s,i as c,p as l,r as u,t as d,v as f}from"./time-C_g6slTD.js";import{$ as p,B as m,N as h,R as g,W as _,z as v}from"./index-BkUuYp-e.js";import{t as y}from"./pager-Kpp6_TC_.js";import{t as b}from"./search-field-1miFSrDU.js";import{t as x}from"./status-BVNKpSH8.js";import{t as S}from"./delete-workflow-C_UxuXrw.js";var C=20,w=f(`
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
`),T=f(`
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
`);function E(){let[i]=p(),[a,s]=t(null),d=i.get(`name`),{data:f,error:h,reread:b}=o(w,{filter:d?{name:d}:null,first:C,after:a},{concerns:l}),x=f?.workflows,S=_(x?.nodes??[]);return r(u,{title:`Workflows`,actions:r(D,{}),children:[h&&!x&&r(v,{message:h,retry:b}),!h&&!x&&r(m,{count:6}),x&&S.length===0&&(d?r(g,{title:`No workflow matches`}):r(O,{})),x&&S.length>0&&r(n,{children:[r(k,{workflows:S}),(x.pageInfo.hasNextPage||a!==null)&&r(y,{shown:S.length,total:{count:x.totalCount,isExact:x.totalCountIsExact},pageInfo:x.pageInfo,isFirst:a===null,go:s}),r(c,{title:`Latest runs`,children:r(e,{})})]})]})}function D(){let[e,t]=p();return r(n,{children:[r(b,{label:`Search by name`,value:e.get(`name`)??``,change:e=>t({name:e})}),r(a,{href:`/workflows/new`,class:`button main`,children:`New workflow`})]})}function O(){return r(g,{title:`There are no workflows yet`,children:[r(`p`,{children:`A workflow runs several steps in their order: calls, reports, mails, waits and decisions of people.`}),r(`p`,{children:r(a,{href:`/workflows/new`,class:`button main`,children:`Begin with an example`})}),r(`p`,{children:[`Or load the samples with `,r(`code`,{children:`tocsin samples load`}),`.`]})]})}function k({workflows:e}){return r(`div`,{class:`table-frame`,children:r(`table`,{children:[r(`thead`,{children:r(`tr`,{children:[r(`th`,{children:`Last run`}),r(`th`,{children:`Workflow`}),r(`th`,{class:`wide`,children:`Schedule`}),r(`th`,{class:`wide-only`,children:`Next due`}),r(`th`,{children:r(`span`,{class:`hidden`,children:`Actions`})})]})}),r(`tbody`,{children:e.map(e=>r(A,{workflow:e},e.id))})]})})}function A({workflow:e}){let{id:t,name:n,description:i,schedule:o,isPaused:s,nextRunAt:c,runs:l}=e,u=l.nodes[0];return r(`tr`,{children:[r(`td`,{class:`nowrap two-lines`,children:u?r(a,{href:`/workflow-runs/${u.id}`,class:`row-link`,children:[r(x,{status:u.status}),r(`p`,{class:`faint description`,children:r(d,{at:u.dueAt})})]}):r(`span`,{class:`faint`,children:`–`})}),r(`td`,{class:`name`,children:[r(a,{href:`/workflows/${t}`,children:n}),i&&r(`p`,{class:`faint description`,children:i})]}),r(`td`,{class:`wide faint`,children:o?.summary??`By hand`}),r(`td`,{class:`nowrap wide-only`,children:s?r(x,{status:`PAUSED`}):r(j,{at:c})}),r(`td`,{class:`number`,children:r(`span`,{class:`row-actions`,children:[r(M,{id:t,name:n}),r(S,{id:t,name:n,class:`quiet wide-only`})]})})]})}function j({at:e}){return e?r(d,{at:e}):r(`span`,{class:`faint`,children:`–`})}function M({id:e,name:a}){let{client:o}=s(),[,c]=i(),[l,u]=t(!1),[d,f]=t(``),p=async()=>{u(!0);let{data:t,error:n}=await o.mutation(T,{name:a}).toPromise();u(!1);let{workflowRun:r,userErrors:i=[]}=t?.executeWorkflow??{};r?c(`/workflow-runs/${r.id}`):i.some(({field:e})=>e?.[0]===`input`)?c(`/workflows/${e}?run=1`):f(n?`The server cannot be reached.`:i.map(({message:e})=>e).join(` `))};return r(n,{children:[r(`span`,{class:`problem`,role:`alert`,children:d}),r(`button`,{type:`button`,disabled:l,"aria-label":`Run ${a}`,onClick:()=>void p(),children:[r(h,{}),`Run`]})]})}export{E as WorkflowsPage};