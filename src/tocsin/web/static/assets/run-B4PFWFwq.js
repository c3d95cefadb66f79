/*! Licenses of the bundled packages: /assets/licences.md */
import{E as e,_ as t,i as n,n as r,o as i,r as a,t as o,v as s}from"./time-B1YIbO7n.js";import{t as c}from"./actions-BiIDKJx-.js";import{D as l,H as u,I as d,V as f,p,y as m,z as h}from"./index-DmBNgMYb.js";import{t as g}from"./status-CGvypWA3.js";import{f as _,t as v}from"./jsxRuntime.module-B9qDJXb7.js";var y=new Set([`host`,`content-length`,`accept-encoding`,`connection`,`transfer-encoding`]);function b({method:e,url:t,headers:n,body:r}){let i=e===`HEAD`?[`--head`]:e===`GET`&&r===null?[]:[`--request`,e],a=n.filter(({name:e})=>!y.has(e.toLowerCase())).map(({name:e,value:t})=>`--header ${x(t===``?`${e};`:`${e}: ${t}`)}`),o=r===null?[]:[`--data-raw ${x(r)}`];return[[`curl`,...i,x(t)].join(` `),...a,...o].join(` \\
  `)}function x(e){return`'${e.replaceAll(`'`,`'\\''`)}'`}var S=s(`
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
`);function C({attempt:e,isOpen:t,body:n=null}){let{number:r,outcome:a,startedAt:s,statusCode:c,durationMs:l,error:u,request:d,timings:f,callback:p,redirects:m}=e;return v(`details`,{class:`attempt`,open:t,children:[v(`summary`,{children:[v(`span`,{class:`number faint`,children:r}),v(g,{status:a??`RUNNING`}),c!==null&&v(`span`,{class:`code`,children:c}),l!==null&&v(`span`,{children:i(l)}),v(`span`,{class:`faint`,children:v(o,{at:s,as:`moment`})}),u&&v(`span`,{class:`message`,children:u.message}),v(`span`,{class:`worker faint`,title:`Process that made the attempt`,children:e.worker})]}),v(`div`,{class:`exchange`,children:[f&&v(T,{...f}),u?.hint&&v(`p`,{class:`faint`,children:u.hint}),d&&v(E,{title:`Request`,first:`${d.method} ${d.url}`,headers:d.headers,body:n,action:v(w,{request:{...d,body:n}})}),m>0&&v(`p`,{class:`faint`,children:m===1?`One redirect was followed.`:`${m} redirects were followed.`}),c!==null&&v(E,{title:`Response`,first:`HTTP ${c}`,headers:e.responseHeaders,body:e.responseBody,isCut:e.responseTruncated}),e.acceptedAt&&v(`p`,{class:`faint`,children:[`The target accepted the work `,v(o,{at:e.acceptedAt,as:`moment`}),p?`, and called back `:`.`,p&&v(o,{at:p.receivedAt,as:`moment`}),p&&`: ${p.status.toLowerCase()}${p.message?`, ${p.message}`:``}`]})]})]})}function w({request:e}){return v(`button`,{type:`button`,class:`quiet`,onClick:()=>{let t=e.headers.some(({value:e})=>e===`***`);navigator.clipboard.writeText(b(e)).then(()=>m(t?`Copied. Replace *** by the secrets.`:`Copied.`),()=>m(`The browser does not allow copying here.`,{isProblem:!0}))},children:[v(l,{}),`Copy as curl`]})}function T({dns:e,connect:t,firstByte:n,total:r}){let a=n??r,o=[{name:`name look-up`,tone:`dns`,took:e},{name:`connection`,tone:`connect`,took:t},{name:`waiting for the response`,tone:`wait`,took:a===null?null:a-(e??0)-(t??0)},{name:`reading it`,tone:`download`,took:n===null||r===null?null:r-n}].filter(({took:e})=>e!==null);return v(_,{children:[v(`div`,{class:`timing-bar`,"aria-hidden":`true`,children:o.map(({tone:e,took:t})=>v(`span`,{class:e,style:{flexGrow:Math.max(t??0,0)}},e))}),v(`ul`,{class:`timings`,children:[o.map(({name:e,tone:t,took:n})=>v(`li`,{class:t,children:[v(`span`,{class:`faint`,children:e}),` `,i(Math.max(n??0,0))]},t)),r!==null&&v(`li`,{children:[v(`span`,{class:`faint`,children:`in all`}),` `,i(r)]})]})]})}function E({title:e,first:t,headers:n,body:r,isCut:i=!1,action:a}){let o=[t,...n.map(({name:e,value:t})=>`${e}: ${t}`)];return v(`div`,{class:`message-part`,children:[v(`h3`,{children:[e,a]}),v(`pre`,{tabIndex:0,children:o.join(`
`)}),r&&v(`pre`,{class:`body`,tabIndex:0,children:D(r)}),i&&v(`p`,{class:`faint`,children:`The rest of the response was not kept.`})]})}function D(e){try{return JSON.stringify(JSON.parse(e),null,2)}catch{return e}}var O=[`QUEUED`,`RUNNING`,`RETRY`,`WAITING`],k=s(`
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
  `,[S]),A=s(`mutation RetryRun($id: ID!) { retryRun(input: { id: $id }) { userErrors { message } } }`),j=s(`mutation CancelRun($id: ID!) { cancelRun(input: { id: $id }) { userErrors { message } } }`);function M({id:e}){let{data:n,error:r,reread:i}=t(k,{id:e},{concerns:t=>t.of===`task`&&t.runId===e}),o=n?.run;return n&&!o?v(h,{}):v(a,{title:o?`Run of ${o.taskName}`:`Run`,above:v(N,{run:o}),actions:o&&v(P,{run:o}),children:[r&&!o&&v(f,{message:r,retry:i}),!r&&!o&&v(u,{count:6}),o&&v(F,{run:o})]})}function N({run:t}){return t?.workflowRun?v(e,{href:`/workflow-runs/${t.workflowRun.id}`,children:t.workflowRun.name}):t?.task?v(e,{href:`/tasks/${t.task.id}`,children:t.taskName}):v(e,{href:`/runs`,children:`History`})}function P({run:{id:e,status:t,cancelRequestedAt:n}}){let r=O.includes(t),{run:i,isBusy:a,problem:o}=c(r?j:A,{id:e});return v(_,{children:[v(`span`,{class:`problem`,role:`alert`,children:o}),r&&v(`button`,{type:`button`,disabled:a||n!==null,onClick:()=>void i(),children:n===null?`Cancel`:`Being cancelled`}),!r&&t!==`COMPLETED`&&v(`button`,{type:`button`,class:`main`,"aria-keyshortcuts":`Shift+R`,disabled:a,onClick:()=>void i(),children:[v(d,{}),`Retry`]})]})}function F({run:e}){let t=e.waitingText??e.reasonText;return v(_,{children:[v(I,{run:e}),e.error&&v(`div`,{class:`notice bad`,children:[v(`p`,{children:e.error.message}),e.error.hint&&v(`p`,{class:`hint`,children:e.error.hint})]}),t&&v(`p`,{class:e.waitingText?`notice warn`:`notice`,children:t}),e.missedCount!==null&&e.missedUntil&&v(`p`,{class:`notice`,children:[e.missedCount===1?`One due time`:`${e.missedCount} due times`,` passed without a run, until`,` `,v(o,{at:e.missedUntil,as:`moment`}),`.`]}),v(n,{title:`Course`,children:v(L,{run:e})}),e.attempts.length>0&&v(n,{title:e.attempts.length===1?`Attempt`:`${e.attempts.length} attempts`,children:[...e.attempts].reverse().map((t,n)=>v(C,{attempt:t,isOpen:n===0,body:z(e)},t.number))}),e.result!==null&&v(n,{title:`Result`,children:[v(B,{result:e.result}),v(`pre`,{tabIndex:0,children:JSON.stringify(e.result,null,2)})]})]})}function I({run:e}){return v(`p`,{class:`summary`,children:[v(g,{status:e.status}),v(`span`,{children:[`Due `,v(o,{at:e.dueAt,as:`moment`})]}),e.nextAttemptAt&&v(`span`,{children:[`Next attempt `,v(o,{at:e.nextAttemptAt})]}),e.callbackExpectedBy&&v(`span`,{children:[`Callback expected `,v(o,{at:e.callbackExpectedBy})]}),v(`span`,{class:`faint`,children:p[e.trigger]})]})}function L({run:e}){let t=e.startedAt?Date.parse(e.startedAt)-Date.parse(e.dueAt):null,n=e.finishedAt?Date.parse(e.finishedAt):r.value;return v(`dl`,{class:`settings course`,children:[v(R,{name:`Started`,children:e.startedAt?v(o,{at:e.startedAt,as:`moment`}):`not yet`}),t!==null&&v(R,{name:`After it was due`,children:i(Math.max(t,0))}),v(R,{name:`Ended`,children:e.finishedAt?v(o,{at:e.finishedAt,as:`moment`}):`not yet`}),e.startedAt&&v(R,{name:`Took`,children:i(Math.max(n-Date.parse(e.startedAt),0))}),v(R,{name:`Queue`,children:[e.assignedQueue?.name??`–`,e.priority!==0&&`, priority ${e.priority}`,e.assignedQueue?.paused&&`, which is paused`]}),v(R,{name:`Version of the task`,children:e.taskVersion}),e.replays.length>0&&v(R,{name:`Retried by hand`,children:[e.replays.length===1?`once`:`${e.replays.length} times`,`, last `,v(o,{at:e.replays.at(-1)?.at??e.dueAt})]}),e.discardedAt&&v(R,{name:`Discarded`,children:v(o,{at:e.discardedAt})})]})}function R({name:e,children:t}){return v(`div`,{children:[v(`dt`,{children:e}),v(`dd`,{children:t})]})}function z({task:e,taskVersion:t}){return e?.version!==t||e.job.__typename!==`HttpJob`?null:e.job.bodyText??(e.job.jsonBody===null?null:JSON.stringify(e.job.jsonBody))}function B({result:e}){let t=e?.file;return typeof t?.url!=`string`||!/^https?:/.test(t.url)?null:v(`p`,{children:v(`a`,{href:t.url,rel:`noreferrer`,children:String(t.name??`Download the file`)})})}export{M as RunPage};