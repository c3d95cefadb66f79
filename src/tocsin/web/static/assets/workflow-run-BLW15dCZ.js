/*! Licenses of the bundled packages: /assets/licences.md */
import{n as e}from"./runs-0FRp7FUF.js";import{n as t,o as n,p as r,s as i,t as a}from"./jsxRuntime.module-CnYUX-XB.js";import{Z as o,_ as s,h as c,i as l,n as u,o as d,r as f,t as p,v as m}from"./time-BRH1184B.js";import{t as h}from"./actions-C-u-PsqM.js";import{B as g,H as _,L as v,U as y,_ as b,v as x}from"./index-Hs8ExkQT.js";import{t as S}from"./status-BVNKpSH8.js";import{n as C,r as w}from"./definition-BRHBhdLB.js";import{n as T,r as E,t as ee}from"./graph-DkeDC1uF.js";import{t as D}from"./run-form-CHcxXML-.js";var O=100,k=2e4,A=m(`
    query StepDetails($id: ID!, $key: String!, $skip: Int!) {
      workflowRun(id: $id) {
        step(key: $key) {
          round
          error {
            message
            hint
          }
          runs(skip: $skip) {
            ...RunRow
          }
        }
      }
    }
  `,[b]),j=m(`
  query StepResult($id: ID!, $key: String!) {
    workflowRun(id: $id) {
      step(key: $key) {
        result
      }
    }
  }
`);function M({workflowRun:e,step:t}){let[i,o]=n(0),{data:l,error:u,reread:d}=s(A,{id:e,key:t.key,skip:i},{concerns:t=>c(t)&&(t.workflowRunId??e)===e}),f=l?.workflowRun?.step;if(!f)return u?a(_,{message:u,retry:d}):a(y,{count:1});let p=t.items?.total??1;return a(r,{children:[a(N,{details:f}),p>O&&a(`nav`,{class:`pager`,"aria-label":`Items of the step`,children:[a(`span`,{class:`faint`,children:[`Items `,i+1,` to `,Math.min(i+O,p),` of `,p]}),a(`button`,{type:`button`,disabled:i===0,onClick:()=>o(i-O),children:`Previous`}),a(`button`,{type:`button`,disabled:i+O>=p,onClick:()=>o(i+O),children:`Next`})]}),t.status===`COMPLETED`&&a(P,{id:e,step:t.key})]})}function N({details:{runs:e,error:t,round:n}}){return a(r,{children:[t?.hint&&a(`p`,{class:`faint`,children:t.hint}),n>0&&a(`p`,{class:`faint`,children:[`Restarted `,n===1?`once`:`${n} times`,`.`]}),e.length>0?a(x,{runs:e}):a(`p`,{class:`faint`,children:`It has no runs.`})]})}function P({id:e,step:t}){let{data:n,error:i}=s(j,{id:e,key:t},{concerns:()=>!1});if(i)return a(`p`,{class:`faint`,children:i});let o=n?.workflowRun?.step?.result;if(o==null)return null;let c=JSON.stringify(o,null,2);return a(r,{children:[a(`h3`,{children:`Result`}),a(`pre`,{tabIndex:0,children:c.length>k?`${c.slice(0,k)}\n…`:c})]})}var F=m(`
  fragment StepItem on StepRun {
    key
    status
    reasonText
    startedAt
    finishedAt
    waitUntil
    waitingFor
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
  }
`),I=m(`
  mutation Decide($id: ID!, $step: String!, $approved: Boolean!, $comment: String!) {
    decideApproval(input: { id: $id, step: $step, approved: $approved, comment: $comment }) {
      userErrors {
        message
      }
    }
  }
`);function L(e){let t=e.filter(({startedAt:e})=>e!==null);if(t.length===0)return null;let n=Math.min(...t.map(({startedAt:e})=>Date.parse(e??``)));return{begin:n,end:Math.max(...t.map(R),n+1)}}function R({finishedAt:e}){return e===null?u.value:Date.parse(e)}function z({step:n,workflowRun:r,span:o,isOpen:s}){let{key:c,status:l,approval:u}=n,d=t(null),f=T(c);return i(()=>{s&&d.current?.scrollIntoView({block:`nearest`})},[s]),a(`li`,{ref:d,class:s?`open`:``,children:[a(`a`,{class:`step-row`,href:f,"aria-expanded":s,children:[a(S,{status:l}),a(`span`,{class:`text`,children:[a(`span`,{class:`key`,children:c}),` `,a(U,{step:n})]}),o&&a(V,{step:n,span:o}),a(`span`,{class:`number faint`,children:n.startedAt===null?``:e(n)})]}),s&&a(`div`,{class:`step-body`,children:[u&&a(W,{approval:u,id:r,step:c,isOpen:!1}),a(M,{workflowRun:r,step:n})]})]})}function B({span:{begin:e,end:t}}){return a(`li`,{class:`scale`,"aria-hidden":`true`,children:[0,(t-e)/2,t-e].map((e,t)=>a(`span`,{children:t===0?`0`:d(e)},t))})}function V({step:e,span:{begin:t,end:n}}){if(e.startedAt===null)return a(`span`,{class:`span`});let r=e=>(e-t)/(n-t)*100,i=r(Date.parse(e.startedAt)),o=Math.max(r(R(e))-i,0);return a(`span`,{class:`span`,"aria-hidden":`true`,children:a(`span`,{class:`bar ${e.status.toLowerCase()}`,style:{left:`min(${i}%, 100% - 3px)`,width:`max(${o}%, 3px)`}})})}var H={APPROVAL:`Waits for a decision`,ACCEPTANCE:`Nobody was asked: the approver does not accept requests from you`,CALLBACK:`Waits for the callback of its target`};function U({step:{error:e,reasonText:t,waitUntil:n,items:r,status:i,waitingFor:o}}){if(e)return a(`span`,{class:`bad-text`,children:e.message});if(n&&i===`WAITING`)return a(`span`,{class:`faint`,children:[`Waits until `,a(p,{at:n,as:`moment`})]});let s=o&&H[o];return s?a(`span`,{class:`faint`,children:s}):r?a(`span`,{class:`faint`,children:[r.completed,` of `,r.total,` items`,r.failed>0&&`, ${r.failed} failed`]}):t?a(`span`,{class:`faint`,children:t}):null}function W({approval:e,id:t,step:n,isOpen:i}){let{by:o,message:s,decidedBy:c,comment:l,notAskedBecause:u,decideUntil:d}=e;return a(`section`,{class:`approval`,"aria-label":`Decision of the step ${n}`,children:[a(`p`,{class:`question`,children:s||`The step ${n} needs a decision.`}),c&&a(`p`,{class:`faint`,children:[`Decided by `,c,l&&`: ${l}`]}),i&&a(`p`,{class:`faint`,children:[o===`admins`?`An administrator decides`:`${o} decides`,d&&a(r,{children:[` `,`until `,a(p,{at:d,as:`moment`})]})]}),u&&a(`p`,{class:`faint`,children:u}),i&&a(G,{id:t,step:n})]})}function G({id:e,step:t}){let[r,i]=n(``),o=h(I,{id:e,step:t,approved:!0,comment:r}),s=h(I,{id:e,step:t,approved:!1,comment:r}),c=o.isBusy||s.isBusy;return a(`div`,{class:`decision`,children:[a(`input`,{"aria-label":`Comment`,placeholder:`Comment, if you like`,maxLength:2e3,value:r,onInput:e=>i(e.currentTarget.value)}),a(`button`,{type:`button`,class:`main`,disabled:c,onClick:()=>void o.run(),children:`Approve`}),a(`button`,{type:`button`,disabled:c,onClick:()=>void s.run(),children:`Refuse`}),a(`span`,{class:`problem`,role:`alert`,children:o.problem||s.problem})]})}var K=[`PENDING`,`RUNNING`],q=[`FAILED`,`CANCELLED`],J=m(`
    query WorkflowRun($id: ID!) {
      workflowRun(id: $id) {
        id
        name
        version
        status
        trigger
        reason
        reasonText
        dueAt
        startedAt
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
        workflow {
          id
        }
        savedVersion {
          number
          definition
        }
        steps {
          ...StepItem
        }
      }
    }
  `,[F]),Y=m(`
  mutation CancelWorkflowRun($id: ID!) {
    cancelWorkflowRun(input: { id: $id }) {
      userErrors {
        message
      }
    }
  }
`),X=m(`
  mutation ResumeWorkflowRun($id: ID!, $input: JSON) {
    resumeWorkflowRun(input: { id: $id, input: $input }) {
      workflowRun {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);function Z({id:e}){let{data:t,error:r,reread:i}=s(J,{id:e},{concerns:t=>c(t)&&(t.workflowRunId===null||t.workflowRunId===e)}),[o,l]=n(!1),u=t?.workflowRun;return t&&!u?a(g,{}):a(f,{title:u?`Run of ${u.name}`:`Workflow run`,above:a(Q,{run:u}),actions:u&&a(te,{run:u,resumeWith:()=>l(!0)}),children:[r&&!u&&a(_,{message:r,retry:i}),!r&&!u&&a(y,{count:6}),u&&o&&a(ne,{run:u,close:()=>l(!1)}),u&&a(re,{run:u})]})}function Q({run:e}){return a(r,{children:[a(o,{href:`/workflows`,children:`Workflows`}),e&&a(r,{children:[` / `,e.workflow?a(o,{href:`/workflows/${e.workflow.id}`,children:e.name}):e.name]})]})}function te({run:e,resumeWith:t}){let{id:n,status:i,reason:o,cancelRequestedAt:s,savedVersion:c}=e,l=K.includes(i),u=h(Y,{id:n}),d=h(X,{id:n}),f=q.includes(i)&&o!==`COMPENSATED`;return a(r,{children:[a(`span`,{class:`problem`,role:`alert`,children:u.problem||d.problem}),l&&a(`button`,{type:`button`,disabled:u.isBusy||s!==null,onClick:()=>void u.run(),children:s===null?`Cancel`:`Being cancelled`}),f&&C(c?.definition).length>0&&a(`button`,{type:`button`,onClick:t,children:`Resume with other inputs`}),f&&a(`button`,{type:`button`,class:`main`,disabled:d.isBusy,onClick:()=>void d.run(),children:[a(v,{}),i===`FAILED`?`Resume from the failed step`:`Resume`]})]})}function ne({run:e,close:t}){let n=e.inputs;return a(D,{title:`Resume with other inputs`,verb:`Resume`,specs:C(e.savedVersion?.definition),given:n,mutation:X,variables:{id:e.id},done:t,close:t})}function re({run:e}){let{id:t,error:n,reasonText:i,steps:o,inputs:s,result:c,savedVersion:u}=e,d=E(),f=o.filter(({status:e,approval:t})=>t&&e===`WAITING`),p=L(o);return a(r,{children:[a(ie,{run:e}),n&&a(`div`,{class:`notice bad`,children:[a(`p`,{children:n.message}),n.hint&&a(`p`,{class:`hint`,children:n.hint})]}),!n&&i&&a(`p`,{class:`notice`,children:i}),f.map(e=>e.approval&&a(W,{approval:e.approval,id:t,step:e.key,isOpen:!0},e.key)),u&&a(l,{title:`Graph`,children:a(ee,{steps:w(u.definition),states:ae(o),selected:d})}),a(l,{title:`Steps`,children:a(`ol`,{class:`steps`,children:[p&&a(B,{span:p}),o.map(e=>a(z,{step:e,workflowRun:t,span:p,isOpen:e.key===d},e.key))]})}),a(`div`,{class:`side-by-side`,children:[a(l,{title:`Inputs`,children:a($,{value:s})}),c!==null&&a(l,{title:`Result`,children:a($,{value:c})})]})]})}function ie({run:t}){let{status:n,dueAt:i,startedAt:o,version:s,progress:c,trigger:l}=t;return a(r,{children:[a(`p`,{class:`summary`,children:[a(`span`,{"aria-live":`polite`,children:a(S,{status:n})}),a(`span`,{children:[l===`SCHEDULE`?`Due`:`Started`,` `,a(p,{at:i,as:`moment`})]}),o&&a(`span`,{children:[t.finishedAt?`Took`:`For`,` `,e(t)]}),a(`span`,{class:`faint`,children:[`Version `,s]})]}),a(`div`,{class:`run-progress`,children:[a(`progress`,{value:c.done,max:c.all,"aria-label":`Steps that have ended`}),a(`span`,{children:[c.done,` of `,c.all,` steps`]})]})]})}function ae(e){return new Map(e.map(({key:e,status:t,items:n})=>[e,{status:t,...n&&{count:`${n.completed} of ${n.total}`}}]))}function $({value:e}){return a(`pre`,{children:JSON.stringify(e,null,2)})}export{Z as WorkflowRunPage};