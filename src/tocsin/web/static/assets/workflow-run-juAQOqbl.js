/*! Licenses of the bundled packages: /assets/licences.md */
import{c as e,d as t,l as n,m as r,r as i}from"./index-CINajjmD.js";import{t as a}from"./actions-CSQUApiW.js";import{E as o,N as s,_ as c,d as l,f as u,h as d,i as f,n as p,o as m,r as h,t as g,u as _,v}from"./time-Dta3RUlp.js";var y=12,b=v(`
  fragment StepItem on StepRun {
    key
    status
    reasonText
    startedAt
    finishedAt
    waitUntil
    error {
      message
    }
    items {
      total
      completed
      running
      failed
    }
    approval {
      by
      message
      decideUntil
      decidedBy
      comment
      notAskedBecause
    }
    runs {
      id
      status
    }
  }
`),x=v(`
  mutation Decide($id: ID!, $step: String!, $approved: Boolean!, $comment: String!) {
    decideApproval(input: { id: $id, step: $step, approved: $approved, comment: $comment }) {
      userErrors {
        message
      }
    }
  }
`);function S({step:t,workflowRun:i}){let{key:a,status:o,reasonText:s,error:c,items:l,approval:d,runs:f,waitUntil:p}=t,m=f.slice(0,y);return u(`li`,{children:[u(e,{status:o}),u(`div`,{class:`text`,children:[u(`p`,{children:[u(`span`,{class:`key`,children:a}),` `,u(`span`,{class:`faint`,children:C(t)})]}),c&&u(`p`,{class:`bad-text`,children:c.message}),!c&&s&&u(`p`,{class:`faint`,children:s}),p&&o===`WAITING`&&u(`p`,{class:`faint`,children:[`until `,u(g,{at:p,as:`moment`})]}),l&&u(`p`,{class:`faint`,children:[l.completed,` of `,l.total,` items`,l.failed>0&&`, ${l.failed} failed`]}),d&&u(w,{approval:d,id:i,step:a,isOpen:o===`WAITING`})]}),u(`span`,{class:`runs`,children:[m.map(e=>u(r,{href:`/runs/${e.id}`,title:`Run`,children:u(n,{status:e.status})},e.id)),f.length>m.length&&u(`span`,{class:`faint`,children:`and more`})]})]})}function C({startedAt:e,finishedAt:t}){if(e===null)return``;let n=t===null?p.value:Date.parse(t);return m(Math.max(n-Date.parse(e),0))}function w({approval:e,id:t,step:n,isOpen:r}){let{by:i,message:a,decidedBy:o,comment:c,notAskedBecause:l,decideUntil:d}=e;return u(`div`,{class:`approval`,children:[u(`p`,{children:a}),o&&u(`p`,{class:`faint`,children:[`Decided by `,o,c&&`: ${c}`]}),r&&u(`p`,{class:`faint`,children:[`Waits for `,i,d&&u(s,{children:[` `,`until `,u(g,{at:d,as:`moment`})]})]}),l&&u(`p`,{class:`faint`,children:l}),r&&u(T,{id:t,step:n})]})}function T({id:e,step:t}){let[n,r]=o(``),i=a(x,{id:e,step:t,approved:!0,comment:n}),s=a(x,{id:e,step:t,approved:!1,comment:n}),c=i.isBusy||s.isBusy;return u(`div`,{class:`decision`,children:[u(`input`,{"aria-label":`Comment`,placeholder:`Comment`,value:n,onInput:e=>r(e.currentTarget.value)}),u(`button`,{type:`button`,class:`main`,disabled:c,onClick:()=>void i.run(),children:`Approve`}),u(`button`,{type:`button`,disabled:c,onClick:()=>void s.run(),children:`Refuse`}),u(`span`,{class:`problem`,role:`alert`,children:i.problem||s.problem})]})}var E=[`PENDING`,`RUNNING`],D=v(`
    query WorkflowRun($id: ID!) {
      workflowRun(id: $id) {
        id
        name
        version
        status
        trigger
        reasonText
        dueAt
        finishedAt
        cancelRequestedAt
        inputs
        result
        progress {
          done
          all
        }
        error {
          message
          hint
        }
        steps {
          ...StepItem
        }
      }
    }
  `,[b]),O=v(`mutation CancelWorkflowRun($id: ID!) { cancelWorkflowRun(input: { id: $id }) { userErrors { message } } }`),k=v(`mutation ResumeWorkflowRun($id: ID!) { resumeWorkflowRun(input: { id: $id }) { userErrors { message } } }`);function A({id:e}){let{data:n,error:i,reread:a}=c(D,{id:e},{concerns:t=>d(t)&&(t.workflowRunId===null||t.workflowRunId===e)}),o=n?.workflowRun;return n&&!o?u(t,{}):u(h,{title:o?`Run of ${o.name}`:`Workflow run`,above:u(r,{href:`/workflows`,children:`Workflows`}),actions:o&&u(j,{run:o}),children:[i&&!o&&u(_,{message:i,retry:a}),!i&&!o&&u(l,{count:6}),o&&u(M,{run:o})]})}function j({run:{id:e,status:t,cancelRequestedAt:n}}){let r=E.includes(t),{run:o,isBusy:c,problem:l}=a(r?O:k,{id:e});return u(s,{children:[u(`span`,{class:`problem`,role:`alert`,children:l}),r&&u(`button`,{type:`button`,disabled:c||n!==null,onClick:()=>void o(),children:n===null?`Cancel`:`Being cancelled`}),t===`FAILED`&&u(`button`,{type:`button`,class:`main`,disabled:c,onClick:()=>void o(),children:[u(i,{}),`Resume from the failed step`]})]})}function M({run:t}){let{status:n,dueAt:r,finishedAt:i,version:a,progress:o,error:c,reasonText:l,steps:d,inputs:p,result:m}=t;return u(s,{children:[u(`p`,{class:`summary`,children:[u(e,{status:n}),u(`span`,{children:[`Due `,u(g,{at:r,as:`moment`})]}),i&&u(`span`,{children:[`Ended `,u(g,{at:i})]}),u(`span`,{children:[`Version `,a]}),u(`progress`,{value:o.done,max:o.all,"aria-label":`Steps that have ended`}),u(`span`,{class:`faint`,children:[o.done,` of `,o.all,` steps`]})]}),c&&u(`div`,{class:`notice bad`,children:[u(`p`,{children:c.message}),c.hint&&u(`p`,{class:`hint`,children:c.hint})]}),l&&u(`p`,{class:`notice`,children:l}),u(f,{title:`Steps`,children:u(`ol`,{class:`steps`,children:d.map(e=>u(S,{step:e,workflowRun:t.id},e.key))})}),u(f,{title:`Inputs`,children:u(`pre`,{children:JSON.stringify(p,null,2)})}),m!==null&&u(f,{title:`Result`,children:u(`pre`,{children:JSON.stringify(m,null,2)})})]})}export{A as WorkflowRunPage};