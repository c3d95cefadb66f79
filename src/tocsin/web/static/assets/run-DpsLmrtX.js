/*! Licenses of the bundled packages: /assets/licences.md */
import{c as e,d as t,m as n,r}from"./index-CINajjmD.js";import{t as i}from"./actions-CSQUApiW.js";import{N as a,_ as o,d as s,f as c,i as l,o as u,r as d,t as f,u as p,v as m}from"./time-Dta3RUlp.js";var h=m(`
  fragment AttemptDetails on Attempt {
    number
    startedAt
    finishedAt
    outcome
    statusCode
    durationMs
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
`);function g({attempt:t,isOpen:n}){let{number:r,outcome:i,startedAt:a,statusCode:o,durationMs:s,error:l,request:d,timings:p}=t;return c(`details`,{class:`attempt`,open:n,children:[c(`summary`,{children:[c(`span`,{class:`number faint`,children:r}),c(e,{status:i??`RUNNING`}),o!==null&&c(`span`,{class:`code`,children:o}),s!==null&&c(`span`,{children:u(s)}),c(`span`,{class:`faint`,children:c(f,{at:a,as:`moment`})}),l&&c(`span`,{class:`message`,children:l.message})]}),c(`div`,{class:`exchange`,children:[p&&c(_,{...p}),d&&c(v,{title:`Request`,first:`${d.method} ${d.url}`,headers:d.headers,body:null}),o!==null&&c(v,{title:`Response`,first:`HTTP ${o}`,headers:t.responseHeaders,body:t.responseBody,isCut:t.responseTruncated})]})]})}function _({dns:e,connect:t,firstByte:n,total:r}){return c(`ul`,{class:`timings`,children:[[`name look-up`,e],[`connection`,t],[`first byte`,n],[`in all`,r]].map(([e,t])=>t!==null&&c(`li`,{children:[c(`span`,{class:`faint`,children:e}),` `,u(t)]},e))})}function v({title:e,first:t,headers:n,body:r,isCut:i=!1}){let a=[t,...n.map(({name:e,value:t})=>`${e}: ${t}`)];return c(`div`,{class:`message-part`,children:[c(`h3`,{children:e}),c(`pre`,{children:a.join(`
`)}),r&&c(`pre`,{class:`body`,children:y(r)}),i&&c(`p`,{class:`faint`,children:`The rest of the response was not kept.`})]})}function y(e){try{return JSON.stringify(JSON.parse(e),null,2)}catch{return e}}var b=[`QUEUED`,`RUNNING`,`RETRY`,`WAITING`],x=m(`
    query Run($id: ID!) {
      run(id: $id) {
        id
        taskName
        status
        trigger
        dueAt
        startedAt
        finishedAt
        nextAttemptAt
        reasonText
        waitingText
        cancelRequestedAt
        missedUntil
        missedCount
        result
        task {
          id
        }
        error {
          kind
          message
          hint
        }
        attempts {
          ...AttemptDetails
        }
      }
    }
  `,[h]),S=m(`mutation RetryRun($id: ID!) { retryRun(input: { id: $id }) { userErrors { message } } }`),C=m(`mutation CancelRun($id: ID!) { cancelRun(input: { id: $id }) { userErrors { message } } }`);function w({id:e}){let{data:n,error:r,reread:i}=o(x,{id:e},{concerns:t=>t.of===`task`&&t.runId===e}),a=n?.run;return n&&!a?c(t,{}):c(d,{title:a?`Run of ${a.taskName}`:`Run`,above:c(T,{run:a}),actions:a&&c(E,{run:a}),children:[r&&!a&&c(p,{message:r,retry:i}),!r&&!a&&c(s,{count:6}),a&&c(D,{run:a})]})}function T({run:e}){return e?.task?c(n,{href:`/tasks/${e.task.id}`,children:e.taskName}):c(n,{href:`/runs`,children:`History`})}function E({run:{id:e,status:t,cancelRequestedAt:n}}){let o=b.includes(t),{run:s,isBusy:l,problem:u}=i(o?C:S,{id:e});return c(a,{children:[c(`span`,{class:`problem`,role:`alert`,children:u}),o&&c(`button`,{type:`button`,disabled:l||n!==null,onClick:()=>void s(),children:n===null?`Cancel`:`Being cancelled`}),!o&&t!==`COMPLETED`&&c(`button`,{type:`button`,class:`main`,disabled:l,onClick:()=>void s(),children:[c(r,{}),`Retry`]})]})}function D({run:t}){let n=t.waitingText??t.reasonText;return c(a,{children:[c(`p`,{class:`summary`,children:[c(e,{status:t.status}),c(`span`,{children:[`Due `,c(f,{at:t.dueAt,as:`moment`})]}),t.finishedAt&&c(`span`,{children:[`Ended `,c(f,{at:t.finishedAt})]}),t.nextAttemptAt&&c(`span`,{children:[`Next attempt `,c(f,{at:t.nextAttemptAt})]}),t.trigger===`MANUAL`&&c(`span`,{children:`Run by hand`})]}),t.error&&c(`div`,{class:`notice bad`,children:[c(`p`,{children:t.error.message}),t.error.hint&&c(`p`,{class:`hint`,children:t.error.hint})]}),n&&c(`p`,{class:`notice`,children:n}),t.attempts.length>0&&c(l,{title:t.attempts.length===1?`Attempt`:`Attempts`,children:[...t.attempts].reverse().map((e,t)=>c(g,{attempt:e,isOpen:t===0},e.number))}),t.result!==null&&c(l,{title:`Result`,children:c(`pre`,{children:JSON.stringify(t.result,null,2)})})]})}export{w as RunPage};