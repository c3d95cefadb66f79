/*! Licenses of the bundled packages: /assets/licences.md */
import{t as e}from"./runs-0FRp7FUF.js";import{o as t,p as n,t as r}from"./jsxRuntime.module-CnYUX-XB.js";import{Z as i,_ as a,g as o,i as s,p as c,r as l,t as u,tt as d,v as f}from"./time-BRH1184B.js";import{H as p,I as m,U as h,V as g,Z as _,q as v}from"./index-Hs8ExkQT.js";import{t as y}from"./pager-BDub3AhO.js";import{t as b}from"./search-field-1miFSrDU.js";import{t as x}from"./status-BVNKpSH8.js";import{t as S}from"./delete-workflow-DhIgH7KX.js";var C=20,w=f(`
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
`);function E(){let[i]=_(),[o,u]=t(null),d=i.get(`name`),{data:f,error:m,reread:b}=a(w,{filter:d?{name:d}:null,first:C,after:o},{concerns:c}),x=f?.workflows,S=v(x?.nodes??[]);return r(l,{title:`Workflows`,actions:r(D,{}),children:[m&&!x&&r(p,{message:m,retry:b}),!m&&!x&&r(h,{count:6}),x&&S.length===0&&(d?r(g,{title:`No workflow matches`}):r(O,{})),x&&S.length>0&&r(n,{children:[r(k,{workflows:S}),(x.pageInfo.hasNextPage||o!==null)&&r(y,{shown:S.length,total:{count:x.totalCount,isExact:x.totalCountIsExact},pageInfo:x.pageInfo,isFirst:o===null,go:u}),r(s,{title:`Latest runs`,children:r(e,{})})]})]})}function D(){let[e,t]=_();return r(n,{children:[r(b,{label:`Search by name`,value:e.get(`name`)??``,change:e=>t({name:e})}),r(i,{href:`/workflows/new`,class:`button main`,children:`New workflow`})]})}function O(){return r(g,{title:`There are no workflows yet`,children:[r(`p`,{children:`A workflow runs several steps in their order: calls, reports, mails, waits and decisions of people.`}),r(`p`,{children:r(i,{href:`/workflows/new`,class:`button main`,children:`Begin with an example`})}),r(`p`,{children:[`Or load the samples with `,r(`code`,{children:`tocsin samples load`}),`.`]})]})}function k({workflows:e}){return r(`div`,{class:`table-frame`,children:r(`table`,{children:[r(`thead`,{children:r(`tr`,{children:[r(`th`,{children:`Last run`}),r(`th`,{children:`Workflow`}),r(`th`,{class:`wide`,children:`Schedule`}),r(`th`,{class:`wide-only`,children:`Next due`}),r(`th`,{children:r(`span`,{class:`hidden`,children:`Actions`})})]})}),r(`tbody`,{children:e.map(e=>r(A,{workflow:e},e.id))})]})})}function A({workflow:e}){let{id:t,name:n,description:a,schedule:o,isPaused:s,nextRunAt:c,runs:l}=e,d=l.nodes[0];return r(`tr`,{children:[r(`td`,{class:`nowrap two-lines`,children:d?r(i,{href:`/workflow-runs/${d.id}`,class:`row-link`,children:[r(x,{status:d.status}),r(`p`,{class:`faint description`,children:r(u,{at:d.dueAt})})]}):r(`span`,{class:`faint`,children:`–`})}),r(`td`,{class:`name`,children:[r(i,{href:`/workflows/${t}`,children:n}),a&&r(`p`,{class:`faint description`,children:a})]}),r(`td`,{class:`wide faint`,children:o?.summary??`By hand`}),r(`td`,{class:`nowrap wide-only`,children:s?r(x,{status:`PAUSED`}):r(j,{at:c})}),r(`td`,{class:`number`,children:r(`span`,{class:`row-actions`,children:[r(M,{id:t,name:n}),r(S,{id:t,name:n,class:`quiet wide-only`})]})})]})}function j({at:e}){return e?r(u,{at:e}):r(`span`,{class:`faint`,children:`–`})}function M({id:e,name:i}){let{client:a}=o(),[,s]=d(),[c,l]=t(!1),[u,f]=t(``),p=async()=>{l(!0);let{data:t,error:n}=await a.mutation(T,{name:i}).toPromise();l(!1);let{workflowRun:r,userErrors:o=[]}=t?.executeWorkflow??{};r?s(`/workflow-runs/${r.id}`):o.some(({field:e})=>e?.[0]===`input`)?s(`/workflows/${e}?run=1`):f(n?`The server cannot be reached.`:o.map(({message:e})=>e).join(` `))};return r(n,{children:[r(`span`,{class:`problem`,role:`alert`,children:u}),r(`button`,{type:`button`,disabled:c,"aria-label":`Run ${i}`,onClick:()=>void p(),children:[r(m,{}),`Run`]})]})}export{E as WorkflowsPage};