/*! Licenses of the bundled packages: /assets/licences.md */
import{Z as e,_ as t,i as n,n as r,o as i,r as a,t as o,v as s}from"./time-BRH1184B.js";import{t as c}from"./actions-C-u-PsqM.js";import{B as l,H as u,J as d,L as f,O as p,U as m}from"./index-Hs8ExkQT.js";import{t as h}from"./status-BVNKpSH8.js";import{r as g}from"./secret-references-Q0HJSKET.js";import{p as _,t as v}from"./jsxRuntime.module-CnYUX-XB.js";import{n as y}from"./run-words-CBg0-OQI.js";var b=new Set([`host`,`content-length`,`accept-encoding`,`connection`,`transfer-encoding`]);function x({method:e,url:t,headers:n,body:r}){let i=e===`HEAD`?[`--head`]:e===`GET`&&r===null?[]:[`--request`,e],a=n.filter(({name:e})=>!b.has(e.toLowerCase())).map(({name:e,value:t})=>t===``?`${e};`:`${e}: ${t}`),o=r!==null&&!n.some(({name:e})=>e.toLowerCase()===`content-type`)?[`Content-Type:`]:[],s=[...a,...o].map(e=>`--header ${C(e)}`),c=r===null?[]:[`--data-raw ${C(r)}`];return[[`curl`,...S(t),...i,C(t)].join(` `),...s,...c].join(` \\
  `)}function S(e){return[.../[[\]{}]/.test(e)?[`--globoff`]:[],.../\/\.\.?(\/|$|\?)/.test(e)?[`--path-as-is`]:[]]}function C(e){return`'${e.replaceAll(`'`,`'\\''`)}'`}var w=s(`
  fragment AttemptDetails on Attempt {
    number
    startedAt
    finishedAt
    outcome
    statusCode
    durationMs
    redirects
    worker
    acceptedAt
    callback {
      receivedAt
      status
      message
    }
    error {
      message
      hint
    }
    request {
      method
      url
      headers {
        name
        value
      }
    }
    responseHeaders {
      name
      value
    }
    responseBody
    responseTruncated
    timings {
      dns
      connect
      firstByte
      total
    }
  }
`);function T({attempt:e,isOpen:t,body:n=null}){let{number:r,outcome:a,startedAt:s,statusCode:c,durationMs:l,error:u,request:d,timings:f,callback:p,redirects:m}=e;return v(`details`,{class:`attempt`,open:t,children:[v(`summary`,{children:[v(`span`,{class:`number faint`,children:r}),v(h,{status:a??`RUNNING`}),c!==null&&v(`span`,{class:`code`,children:c}),l!==null&&v(`span`,{children:i(l)}),v(`span`,{class:`faint`,children:v(o,{at:s,as:`moment`})}),u&&v(`span`,{class:`message`,children:u.message}),v(`span`,{class:`worker faint`,title:`Process that made the attempt`,children:e.worker})]}),v(`div`,{class:`exchange`,children:[f&&v(D,{...f}),u?.hint&&v(`p`,{class:`faint`,children:u.hint}),d&&v(O,{title:`Request`,first:`${d.method} ${d.url}`,headers:d.headers,body:n,action:v(E,{request:{...d,body:n}})}),m>0&&v(`p`,{class:`faint`,children:m===1?`One redirect was followed.`:`${m} redirects were followed.`}),c!==null&&v(O,{title:`Response`,first:`HTTP ${c}`,headers:e.responseHeaders,body:e.responseBody,isCut:e.responseTruncated}),e.acceptedAt&&v(`p`,{class:`faint`,children:[`The target accepted the work `,v(o,{at:e.acceptedAt,as:`moment`}),p?`, and called back `:`.`,p&&v(o,{at:p.receivedAt,as:`moment`}),p&&`: ${p.status.toLowerCase()}${p.message?`, ${p.message}`:``}`]})]})]})}function E({request:e}){return v(`button`,{type:`button`,class:`quiet`,onClick:()=>{let t=x(e),n=[e.headers.some(({value:e})=>e===`***`)&&`***`,g(t)&&"${{ … }}"].filter(Boolean);navigator.clipboard.writeText(t).then(()=>d(n.length>0?`Copied. Replace ${n.join(` and `)} by the secrets.`:`Copied.`),()=>d(`The browser does not allow copying here.`,{isProblem:!0}))},children:[v(p,{}),`Copy as curl`]})}function D({dns:e,connect:t,firstByte:n,total:r}){let a=n??r,o=[{name:`name look-up`,tone:`dns`,took:e},{name:`connection`,tone:`connect`,took:t},{name:`waiting for the response`,tone:`wait`,took:a===null?null:a-(e??0)-(t??0)},{name:`reading it`,tone:`download`,took:n===null||r===null?null:r-n}].filter(({took:e})=>e!==null);return v(_,{children:[v(`div`,{class:`timing-bar`,"aria-hidden":`true`,children:o.map(({tone:e,took:t})=>v(`span`,{class:e,style:{flexGrow:Math.max(t??0,0)}},e))}),v(`ul`,{class:`timings`,children:[o.map(({name:e,tone:t,took:n})=>v(`li`,{class:t,children:[v(`span`,{class:`faint`,children:e}),` `,i(Math.max(n??0,0))]},t)),r!==null&&v(`li`,{children:[v(`span`,{class:`faint`,children:`in all`}),` `,i(r)]})]})]})}function O({title:e,first:t,headers:n,body:r,isCut:i=!1,action:a}){let o=[t,...n.map(({name:e,value:t})=>`${e}: ${t}`)];return v(`div`,{class:`message-part`,children:[v(`h3`,{children:[e,a]}),v(`pre`,{tabIndex:0,children:o.join(`
`)}),r&&v(`pre`,{class:`body`,tabIndex:0,children:k(r)}),i&&v(`p`,{class:`faint`,children:`The rest of the response was not kept.`})]})}function k(e){try{return JSON.stringify(JSON.parse(e),null,2)}catch{return e}}var A=[`QUEUED`,`RUNNING`,`RETRY`,`WAITING`],j=s(`
    query Run($id: ID!) {
      run(id: $id) {
        id
        taskName
        taskVersion
        status
        trigger
        dueAt
        createdAt
        startedAt
        finishedAt
        nextAttemptAt
        callbackExpectedBy
        reasonText
        waitingText
        cancelRequestedAt
        missedUntil
        missedCount
        discardedAt
        priority
        stepKey
        result
        assignedQueue {
          name
          paused
        }
        workflowRun {
          id
          name
        }
        task {
          id
          version
          job {
            ... on HttpJob {
              jsonBody: body
              bodyText
            }
          }
        }
        error {
          kind
          message
          hint
        }
        replays {
          at
        }
        attempts {
          ...AttemptDetails
        }
      }
    }
  `,[w]),M=s(`mutation RetryRun($id: ID!) { retryRun(input: { id: $id }) { userErrors { message } } }`),N=s(`mutation CancelRun($id: ID!) { cancelRun(input: { id: $id }) { userErrors { message } } }`);function P({id:e}){let{data:n,error:r,reread:i}=t(j,{id:e},{concerns:t=>t.of===`task`&&t.runId===e}),o=n?.run;return n&&!o?v(l,{}):v(a,{title:o?`Run of ${o.taskName}`:`Run`,above:v(F,{run:o}),actions:o&&v(I,{run:o}),children:[r&&!o&&v(u,{message:r,retry:i}),!r&&!o&&v(m,{count:6}),o&&v(L,{run:o})]})}function F({run:t}){return t?.workflowRun?v(e,{href:`/workflow-runs/${t.workflowRun.id}`,children:t.workflowRun.name}):t?.task?v(e,{href:`/tasks/${t.task.id}`,children:t.taskName}):v(e,{href:`/runs`,children:`History`})}function I({run:{id:e,status:t,cancelRequestedAt:n}}){let r=A.includes(t),{run:i,isBusy:a,problem:o}=c(r?N:M,{id:e});return v(_,{children:[v(`span`,{class:`problem`,role:`alert`,children:o}),r&&v(`button`,{type:`button`,disabled:a||n!==null,onClick:()=>void i(),children:n===null?`Cancel`:`Being cancelled`}),!r&&t!==`COMPLETED`&&v(`button`,{type:`button`,class:`main`,"aria-keyshortcuts":`Shift+R`,disabled:a,onClick:()=>void i(),children:[v(f,{}),`Retry`]})]})}function L({run:e}){let t=e.waitingText??e.reasonText;return v(_,{children:[v(R,{run:e}),e.error&&v(`div`,{class:`notice bad`,children:[v(`p`,{children:e.error.message}),e.error.hint&&v(`p`,{class:`hint`,children:e.error.hint})]}),t&&v(`p`,{class:e.waitingText?`notice warn`:`notice`,children:t}),e.missedCount!==null&&e.missedUntil&&v(`p`,{class:`notice`,children:[e.missedCount===1?`One due time`:`${e.missedCount} due times`,` passed without a run, until`,` `,v(o,{at:e.missedUntil,as:`moment`}),`.`]}),v(n,{title:`Course`,children:v(z,{run:e})}),e.attempts.length>0&&v(n,{title:e.attempts.length===1?`Attempt`:`${e.attempts.length} attempts`,children:[...e.attempts].reverse().map((t,n)=>v(T,{attempt:t,isOpen:n===0,body:V(e)},t.number))}),e.result!==null&&v(n,{title:`Result`,children:[v(H,{result:e.result}),v(`pre`,{tabIndex:0,children:JSON.stringify(e.result,null,2)})]})]})}function R({run:e}){return v(`p`,{class:`summary`,children:[v(`span`,{"aria-live":`polite`,children:v(h,{status:e.status})}),v(`span`,{children:[`Due `,v(o,{at:e.dueAt,as:`moment`})]}),e.nextAttemptAt&&v(`span`,{children:[`Next attempt `,v(o,{at:e.nextAttemptAt})]}),e.callbackExpectedBy&&v(`span`,{children:[`Callback expected `,v(o,{at:e.callbackExpectedBy})]}),v(`span`,{class:`faint`,children:y[e.trigger]})]})}function z({run:e}){let t=e.startedAt?Date.parse(e.startedAt)-Date.parse(e.dueAt):null,n=e.finishedAt?Date.parse(e.finishedAt):r.value;return v(`dl`,{class:`settings course`,children:[v(B,{name:`Started`,children:e.startedAt?v(o,{at:e.startedAt,as:`moment`}):`not yet`}),t!==null&&v(B,{name:`After it was due`,children:i(Math.max(t,0))}),v(B,{name:`Ended`,children:e.finishedAt?v(o,{at:e.finishedAt,as:`moment`}):`not yet`}),e.startedAt&&v(B,{name:`Took`,children:i(Math.max(n-Date.parse(e.startedAt),0))}),v(B,{name:`Queue`,children:[e.assignedQueue?.name??`–`,e.priority!==0&&`, priority ${e.priority}`,e.assignedQueue?.paused&&`, which is paused`]}),v(B,{name:`Version of the task`,children:e.taskVersion}),e.replays.length>0&&v(B,{name:`Retried by hand`,children:[e.replays.length===1?`once`:`${e.replays.length} times`,`, last `,v(o,{at:e.replays.at(-1)?.at??e.dueAt})]}),e.discardedAt&&v(B,{name:`Discarded`,children:v(o,{at:e.discardedAt})})]})}function B({name:e,children:t}){return v(`div`,{children:[v(`dt`,{children:e}),v(`dd`,{children:t})]})}function V({task:e,taskVersion:t}){return e?.version!==t||e.job.__typename!==`HttpJob`?null:e.job.bodyText??(e.job.jsonBody===null?null:JSON.stringify(e.job.jsonBody))}function H({result:e}){let t=e?.file;return typeof t?.url!=`string`||!/^https?:/.test(t.url)?null:v(`p`,{children:v(`a`,{href:t.url,rel:`noreferrer`,children:String(t.name??`Download the file`)})})}export{P as RunPage};