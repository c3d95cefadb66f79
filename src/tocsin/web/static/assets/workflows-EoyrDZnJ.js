/*! Licenses of the bundled packages: /assets/licences.md */
import{E as e,N as t,_ as n,d as r,f as i,g as a,h as o,i as s,l as c,r as l,t as u,u as d,v as f}from"./time-Dta3RUlp.js";import{c as p,h as m,m as h,n as g}from"./index-CINajjmD.js";var _=f(`
  query Workflows {
    workflows(first: 50) {
      nodes {
        id
        name
        description
        version
        nextRunAt
        schedule {
          summary
        }
      }
    }
    workflowRuns(first: 20) {
      nodes {
        id
        name
        version
        status
        trigger
        dueAt
        finishedAt
        progress {
          done
          all
        }
        error {
          message
        }
      }
    }
  }
`),v=f(`
  mutation ExecuteWorkflow($name: String!) {
    executeWorkflow(input: { name: $name }) {
      workflowRun {
        id
      }
      userErrors {
        message
      }
    }
  }
`);function y(){let{data:e,error:t,reread:a}=n(_,{},{concerns:o});return i(l,{title:`Workflows`,children:[t&&!e&&i(d,{message:t,retry:a}),!t&&!e&&i(r,{count:6}),e?.workflows.nodes.length===0&&i(c,{title:`There are no workflows yet`,children:i(`p`,{children:[`Save one with `,i(`code`,{children:`tocsin workflows save`}),` or `,i(`code`,{children:`saveWorkflow`}),`, or load the samples with`,` `,i(`code`,{children:`tocsin samples load`}),`.`]})}),e&&e.workflows.nodes.length>0&&i(b,{workflows:e.workflows.nodes}),e&&e.workflowRuns.nodes.length>0&&i(s,{title:`Latest runs`,children:i(S,{runs:e.workflowRuns.nodes})})]})}function b({workflows:e}){return i(`div`,{class:`table-frame`,children:i(`table`,{children:[i(`thead`,{children:i(`tr`,{children:[i(`th`,{children:`Workflow`}),i(`th`,{class:`number`,children:`Version`}),i(`th`,{class:`wide`,children:`Schedule`}),i(`th`,{children:`Next due`}),i(`th`,{})]})}),i(`tbody`,{children:e.map(({id:e,name:t,description:n,version:r,schedule:a,nextRunAt:o})=>i(`tr`,{children:[i(`td`,{class:`name`,children:[t,n&&i(`p`,{class:`faint description`,children:n})]}),i(`td`,{class:`number`,children:r}),i(`td`,{class:`wide faint`,children:a?.summary??`by hand`}),i(`td`,{class:`nowrap`,children:o?i(u,{at:o}):i(`span`,{class:`faint`,children:`–`})}),i(`td`,{class:`number`,children:i(x,{name:t})})]},e))})]})})}function x({name:n}){let{client:r}=a(),[,o]=m(),[s,c]=e(!1),[l,u]=e(``),d=async()=>{c(!0);let{data:e,error:t}=await r.mutation(v,{name:n}).toPromise();c(!1);let i=e?.executeWorkflow.workflowRun;i?o(`/workflow-runs/${i.id}`):u(t?.message??e?.executeWorkflow.userErrors.map(({message:e})=>e).join(` `)??``)};return i(t,{children:[i(`span`,{class:`problem`,role:`alert`,children:l}),i(`button`,{type:`button`,disabled:s,"aria-label":`Run ${n}`,onClick:()=>void d(),children:[i(g,{}),`Run`]})]})}function S({runs:e}){return i(`div`,{class:`table-frame`,children:i(`table`,{children:[i(`thead`,{children:i(`tr`,{children:[i(`th`,{children:`Status`}),i(`th`,{children:`Workflow`}),i(`th`,{children:`Due`}),i(`th`,{class:`number`,children:`Steps`}),i(`th`,{class:`wide`,children:`What happened`})]})}),i(`tbody`,{children:e.map(({id:e,name:t,status:n,dueAt:r,progress:a,error:o})=>i(`tr`,{children:[i(`td`,{children:i(h,{href:`/workflow-runs/${e}`,class:`row-link`,children:i(p,{status:n})})}),i(`td`,{class:`name`,children:t}),i(`td`,{class:`nowrap`,children:i(u,{at:r,as:`moment`})}),i(`td`,{class:`number`,children:[a.done,` of `,a.all]}),i(`td`,{class:`wide faint`,children:o?.message})]},e))})]})})}export{y as WorkflowsPage};