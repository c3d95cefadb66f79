/*! Licenses of the bundled packages: /assets/licences.md */
import{n as e}from"./runs-DKcayhcZ.js";import{a as t,f as n,n as r,o as i,t as a}from"./jsxRuntime.module-B9qDJXb7.js";import{A as o,G as s,H as c,J as l,N as u,O as d,P as f,T as p,V as m,i as h,k as g,nt as _,q as v,r as y,z as b}from"./index-CfbBKCB3.js";import{t as x}from"./actions-CHsHzQ2_.js";import{a as S,n as C,o as w,r as T,t as E}from"./graph-hTufdYhc.js";import{t as ee}from"./run-form-BEXA2XlK.js";var D=100,O=2e4,k=l(`
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
  `,[y]),A=l(`
  query StepResult($id: ID!, $key: String!) {
    workflowRun(id: $id) {
      step(key: $key) {
        result
      }
    }
  }
`);function j({workflowRun:e,step:r}){let[i,o]=t(0),{data:l,error:u,reread:d}=v(k,{id:e,key:r.key,skip:i},{concerns:t=>s(t)&&(t.workflowRunId??e)===e}),f=l?.workflowRun?.step;if(!f)return u?a(m,{message:u,retry:d}):a(c,{count:1});let p=r.items?.total??1;return a(n,{children:[a(M,{details:f}),p>D&&a(`nav`,{class:`pager`,"aria-label":`Items of the step`,children:[a(`span`,{class:`faint`,children:[`Items `,i+1,` to `,Math.min(i+D,p),` of `,p]}),a(`button`,{type:`button`,disabled:i===0,onClick:()=>o(i-D),children:`Previous`}),a(`button`,{type:`button`,disabled:i+D>=p,onClick:()=>o(i+D),children:`Next`})]}),r.status===`COMPLETED`&&a(N,{id:e,step:r.key})]})}function M({details:{runs:e,error:t,round:r}}){return a(n,{children:[t?.hint&&a(`p`,{class:`faint`,children:t.hint}),r>0&&a(`p`,{class:`faint`,children:[`Restarted `,r===1?`once`:`${r} times`,`.`]}),e.length>0?a(h,{runs:e}):a(`p`,{class:`faint`,children:`It has no runs.`})]})}function N({id:e,step:t}){let{data:r,error:i}=v(A,{id:e,key:t},{concerns:()=>!1});if(i)return a(`p`,{class:`faint`,children:i});let o=r?.workflowRun?.step?.result;if(o==null)return null;let s=JSON.stringify(o,null,2);return a(n,{children:[a(`h3`,{children:`Result`}),a(`pre`,{tabIndex:0,children:s.length>O?`${s.slice(0,O)}\n…`:s})]})}var P=l(`
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
`),F=l(`
  mutation Decide($id: ID!, $step: String!, $approved: Boolean!, $comment: String!) {
    decideApproval(input: { id: $id, step: $step, approved: $approved, comment: $comment }) {
      userErrors {
        message
      }
    }
  }
`);function I(e){let t=e.filter(({startedAt:e})=>e!==null);if(t.length===0)return null;let n=Math.min(...t.map(({startedAt:e})=>Date.parse(e??``)));return{begin:n,end:Math.max(...t.map(L),n+1)}}function L({finishedAt:e}){return e===null?g.value:Date.parse(e)}function R({step:t,workflowRun:n,span:s,isOpen:c}){let{key:l,status:u,approval:d}=t,f=r(null),p=C(l);return i(()=>{c&&f.current?.scrollIntoView({block:`nearest`})},[c]),a(`li`,{ref:f,class:c?`open`:``,children:[a(`a`,{class:`step-row`,href:p,"aria-expanded":c,children:[a(o,{status:u}),a(`span`,{class:`text`,children:[a(`span`,{class:`key`,children:l}),` `,a(V,{step:t})]}),s&&a(z,{step:t,span:s}),a(`span`,{class:`number faint`,children:t.startedAt===null?``:e(t)})]}),c&&a(`div`,{class:`step-body`,children:[d&&a(H,{approval:d,id:n,step:l,isOpen:!1}),a(j,{workflowRun:n,step:t})]})]})}function z({step:e,span:{begin:t,end:n}}){if(e.startedAt===null)return a(`span`,{class:`span`});let r=e=>(e-t)/(n-t)*100,i=r(Date.parse(e.startedAt)),o=Math.max(r(L(e))-i,0);return a(`span`,{class:`span`,"aria-hidden":`true`,children:a(`span`,{class:`bar ${e.status.toLowerCase()}`,style:{left:`min(${i}%, 100% - 3px)`,width:`max(${o}%, 3px)`}})})}var B={APPROVAL:`Waits for a decision`,ACCEPTANCE:`Nobody was asked: the approver does not accept requests from you`,CALLBACK:`Waits for the callback of its target`};function V({step:{error:e,reasonText:t,waitUntil:n,items:r,status:i,waitingFor:o}}){if(e)return a(`span`,{class:`bad-text`,children:e.message});if(n&&i===`WAITING`)return a(`span`,{class:`faint`,children:[`Waits until `,a(d,{at:n,as:`moment`})]});let s=o&&B[o];return s?a(`span`,{class:`faint`,children:s}):r?a(`span`,{class:`faint`,children:[r.completed,` of `,r.total,` items`,r.failed>0&&`, ${r.failed} failed`]}):t?a(`span`,{class:`faint`,children:t}):null}function H({approval:e,id:t,step:r,isOpen:i}){let{by:o,message:s,decidedBy:c,comment:l,notAskedBecause:u,decideUntil:f}=e;return a(`section`,{class:`approval`,"aria-label":`Decision of the step ${r}`,children:[a(`p`,{class:`question`,children:s||`The step ${r} needs a decision.`}),c&&a(`p`,{class:`faint`,children:[`Decided by `,c,l&&`: ${l}`]}),i&&a(`p`,{class:`faint`,children:[o===`admins`?`An administrator decides`:`${o} decides`,f&&a(n,{children:[` `,`until `,a(d,{at:f,as:`moment`})]})]}),u&&a(`p`,{class:`faint`,children:u}),i&&a(U,{id:t,step:r})]})}function U({id:e,step:n}){let[r,i]=t(``),o=x(F,{id:e,step:n,approved:!0,comment:r}),s=x(F,{id:e,step:n,approved:!1,comment:r}),c=o.isBusy||s.isBusy;return a(`div`,{class:`decision`,children:[a(`input`,{"aria-label":`Comment`,placeholder:`Comment, if you like`,maxLength:2e3,value:r,onInput:e=>i(e.currentTarget.value)}),a(`button`,{type:`button`,class:`main`,disabled:c,onClick:()=>void o.run(),children:`Approve`}),a(`button`,{type:`button`,disabled:c,onClick:()=>void s.run(),children:`Refuse`}),a(`span`,{class:`problem`,role:`alert`,children:o.problem||s.problem})]})}var W=[`PENDING`,`RUNNING`],G=[`FAILED`,`CANCELLED`],K=l(`
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
  `,[P]),q=l(`
  mutation CancelWorkflowRun($id: ID!) {
    cancelWorkflowRun(input: { id: $id }) {
      userErrors {
        message
      }
    }
  }
`),J=l(`
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
`);function Y({id:e}){let{data:n,error:r,reread:i}=v(K,{id:e},{concerns:t=>s(t)&&(t.workflowRunId===null||t.workflowRunId===e)}),[o,l]=t(!1),d=n?.workflowRun;return n&&!d?a(b,{}):a(u,{title:d?`Run of ${d.name}`:`Workflow run`,above:a(X,{run:d}),actions:d&&a(Z,{run:d,resumeWith:()=>l(!0)}),children:[r&&!d&&a(m,{message:r,retry:i}),!r&&!d&&a(c,{count:6}),d&&o&&a(Q,{run:d,close:()=>l(!1)}),d&&a(te,{run:d})]})}function X({run:e}){return a(n,{children:[a(_,{href:`/workflows`,children:`Workflows`}),e&&a(n,{children:[` / `,e.workflow?a(_,{href:`/workflows/${e.workflow.id}`,children:e.name}):e.name]})]})}function Z({run:e,resumeWith:t}){let{id:r,status:i,reason:o,cancelRequestedAt:s,savedVersion:c}=e,l=W.includes(i),u=x(q,{id:r}),d=x(J,{id:r}),f=G.includes(i)&&o!==`COMPENSATED`;return a(n,{children:[a(`span`,{class:`problem`,role:`alert`,children:u.problem||d.problem}),l&&a(`button`,{type:`button`,disabled:u.isBusy||s!==null,onClick:()=>void u.run(),children:s===null?`Cancel`:`Being cancelled`}),f&&S(c?.definition).length>0&&a(`button`,{type:`button`,onClick:t,children:`Resume with other inputs`}),f&&a(`button`,{type:`button`,class:`main`,disabled:d.isBusy,onClick:()=>void d.run(),children:[a(p,{}),i===`FAILED`?`Resume from the failed step`:`Resume`]})]})}function Q({run:e,close:t}){let n=e.inputs;return a(ee,{title:`Resume with other inputs`,verb:`Resume`,specs:S(e.savedVersion?.definition),given:n,mutation:J,variables:{id:e.id},done:t,close:t})}function te({run:e}){let{id:t,error:r,reasonText:i,steps:o,inputs:s,result:c,savedVersion:l}=e,u=T(),d=o.filter(({status:e,approval:t})=>t&&e===`WAITING`),p=I(o);return a(n,{children:[a(ne,{run:e}),r&&a(`div`,{class:`notice bad`,children:[a(`p`,{children:r.message}),r.hint&&a(`p`,{class:`hint`,children:r.hint})]}),!r&&i&&a(`p`,{class:`notice`,children:i}),d.map(e=>e.approval&&a(H,{approval:e.approval,id:t,step:e.key,isOpen:!0},e.key)),l&&a(f,{title:`Graph`,children:a(E,{steps:w(l.definition),states:re(o),selected:u})}),a(f,{title:`Steps`,children:a(`ol`,{class:`steps`,children:o.map(e=>a(R,{step:e,workflowRun:t,span:p,isOpen:e.key===u},e.key))})}),a(f,{title:`Inputs`,children:a($,{value:s})}),c!==null&&a(f,{title:`Result`,children:a($,{value:c})})]})}function ne({run:t}){let{status:r,dueAt:i,startedAt:s,version:c,progress:l,trigger:u}=t;return a(n,{children:[a(`p`,{class:`summary`,children:[a(o,{status:r}),a(`span`,{children:[u===`MANUAL`?`Started`:`Due`,` `,a(d,{at:i,as:`moment`})]}),s&&a(`span`,{children:[t.finishedAt?`Took`:`For`,` `,e(t)]}),a(`span`,{class:`faint`,children:[`Version `,c]})]}),a(`div`,{class:`run-progress`,children:[a(`progress`,{value:l.done,max:l.all,"aria-label":`Steps that have ended`}),a(`span`,{children:[l.done,` of `,l.all,` steps`]})]})]})}function re(e){return new Map(e.map(({key:e,status:t,items:n})=>[e,{status:t,...n&&{count:`${n.completed} of ${n.total}`}}]))}function $({value:e}){return a(`pre`,{children:JSON.stringify(e,null,2)})}export{Y as WorkflowRunPage};