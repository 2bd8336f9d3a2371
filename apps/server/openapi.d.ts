// Made from openapi.json by scripts/openApi.mjs: do not edit.
export interface paths {
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who am I, and what may I do */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Who is asking */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Sign a browser in: the answer sets an HttpOnly cookie */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @description of the link that the server printed; it works once */
                        code: string;
                    } | {
                        token: string;
                    };
                };
            };
            responses: {
                /** @description Signed in */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Sign this browser out */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Signed out */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/about": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Version, limits, and names that forms offer */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description What this server is */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["About"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How much of an upload is there */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description chosen by the client: a random UUID */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description How much is there */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Upload"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such upload */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Send a file, or the rest of one, as the raw body of the request
         * @description The first request makes the upload, and usually is the only one. Where it breaks off, GET tells how much is there, and another PUT with that `upload-offset` sends the rest. A complete upload is used to make a model or a data set within a day.
         */
        put: {
            parameters: {
                query?: never;
                header?: {
                    /** @description bytes of the whole file */
                    "upload-length"?: number | null;
                    /** @description byte at which this request goes on */
                    "upload-offset"?: number | null;
                    /** @description of the whole file: what arrives is held against it, and a file that is there already need not be sent */
                    "upload-sha256"?: string;
                };
                path: {
                    /** @description chosen by the client: a random UUID */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/octet-stream": string;
                };
            };
            responses: {
                /** @description What is there now */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Upload"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Nothing arrived for too long; send the rest in another request */
                408: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The upload goes on elsewhere, is being sent already, or has another hash */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The file is larger than allowed */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no room */
                507: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Drop an upload */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description chosen by the client: a random UUID */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Dropped */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such upload */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Models, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before */
                    cursor?: string;
                    limit?: number;
                    /** @description only those made from this model */
                    origin?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of models */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelPage"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Make a model of uploads; its analysis begins at once */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Repeated within a day, the first answer is given again, and nothing is done twice. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewModel"];
                };
            };
            responses: {
                /** @description The very same files are there already, under this name */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Model"];
                    };
                };
                /** @description Made */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Model"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description An upload is not complete */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One model */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The model */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Model"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such model */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Take a model out of the catalog; results that came of it stay */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Gone */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such model */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Jobs are using it */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{id}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The ONNX file; with `location`, one of its data files. Ranges work */
        get: {
            parameters: {
                query?: {
                    location?: string;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The file */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": string;
                    };
                };
                /** @description A part of it */
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not changed */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such file */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such part */
                416: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{id}/analysis": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Blocks, widths, cost, groups, and what is frozen and why */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The analysis */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Analysis"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such model */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The model is not ready: it is being checked, or was refused */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{id}/trade-off": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The predicted trade-off between cost and answers */
        get: {
            parameters: {
                query: {
                    calibration: string;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Points from the whole model down */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TradeOff"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such model or calibration */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The calibration is not done */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{id}/predictions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What a budget, ratios or widths would cost: quick enough for sliders, and nothing is made */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PredictionRequest"];
                };
            };
            responses: {
                /** @description The prediction */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Prediction"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such model or calibration */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The model is not ready */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The target does not fit the model, or cannot be met */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Data sets, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before */
                    cursor?: string;
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of data sets */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetPage"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Make a data set of uploads */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Repeated within a day, the first answer is given again, and nothing is done twice. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewDataset"];
                };
            };
            responses: {
                /** @description The very same files are there already, under this name */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Dataset"];
                    };
                };
                /** @description Made */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Dataset"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description An upload is not complete */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Files are no pictures and no arrays, a name leads out of the folder, or an archive is damaged or too large */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One data set */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The data set */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Dataset"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such data set */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Remove a data set; results that came of it stay */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Gone */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such data set */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Jobs are using it */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Changes of all jobs and devices as they come
         * @description Server-sent events. `event: job` with a Job as data, whenever it changes (its state as it is now comes first); `event: log` with a LogLine and its number as `id`, so that a browser that reconnects misses none. A line that begins with a colon comes every 15 s to keep the connection. No logs here; `event: device` with a Device as data. What changed while no connection was there is not told later: fetch the lists again after each new one.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Events */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop a job and all that builds on it; one that has ended stays as it is */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The job */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Job"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such job */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/benchmarks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Measure models against each other on a device
         * @description Work that was done before, or is on its way, is not done again: its job is the answer, with status 200.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Repeated within a day, the first answer is given again, and nothing is done twice. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewBenchmark"];
                };
            };
            responses: {
                /** @description The very same is done, or on its way already */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Job"];
                    };
                };
                /** @description Begun */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Job"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A model, data set, calibration or device is not there */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The model is not ready */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The request contradicts itself or does not fit the model */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many jobs, or no room */
                507: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/calibrations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gather statistics of typical inputs, once for any number of plans
         * @description Work that was done before, or is on its way, is not done again: its job is the answer, with status 200.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Repeated within a day, the first answer is given again, and nothing is done twice. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewCalibration"];
                };
            };
            responses: {
                /** @description The very same is done, or on its way already */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Job"];
                    };
                };
                /** @description Begun */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Job"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A model, data set, calibration or device is not there */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The model is not ready */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The request contradicts itself or does not fit the model */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many jobs, or no room */
                507: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prunings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prune a model, as `snp prune` does with the same options
         * @description Work that was done before, or is on its way, is not done again: its job is the answer, with status 200.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Repeated within a day, the first answer is given again, and nothing is done twice. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPruning"];
                };
            };
            responses: {
                /** @description The very same is done, or on its way already */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Job"];
                    };
                };
                /** @description Begun */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Job"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A model, data set, calibration or device is not there */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The model is not ready */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The request contradicts itself or does not fit the model */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many jobs, or no room */
                507: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sweeps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prune to many budgets with one calibration
         * @description Work that was done before, or is on its way, is not done again: its job is the answer, with status 200.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Repeated within a day, the first answer is given again, and nothing is done twice. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSweep"];
                };
            };
            responses: {
                /** @description The very same is done, or on its way already */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Job"];
                    };
                };
                /** @description Begun */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Job"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description A model, data set, calibration or device is not there */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The model is not ready */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The request contradicts itself or does not fit the model */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many jobs, or no room */
                507: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{id}/artefacts/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A file that a job made. Ranges work
         * @description prune: the model under its own name (and its `.data`), plan.json, report.json, report.html. calibrate: statistics.safetensors. sweep: sweep.json, sweep.html. benchmark: benchmark.json, benchmark.html, benchmark.csv. With `?view`, HTML is shown in place (sandboxed) instead of saved.
         */
        get: {
            parameters: {
                query?: {
                    view?: string;
                };
                header?: never;
                path: {
                    id: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The file */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": string;
                    };
                };
                /** @description A part of it */
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not changed */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such file */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such part */
                416: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One job */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The job */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Job"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such job */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lines of a job's log, oldest first */
        get: {
            parameters: {
                query?: {
                    after?: number | null;
                    limit?: number;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Lines */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            items: components["schemas"]["LogLine"][];
                        };
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such job */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Progress and log of a job as they come; ends when the job has ended
         * @description Server-sent events. `event: job` with a Job as data, whenever it changes (its state as it is now comes first); `event: log` with a LogLine and its number as `id`, so that a browser that reconnects misses none. A line that begins with a colon comes every 15 s to keep the connection.
         */
        get: {
            parameters: {
                query?: never;
                header?: {
                    "last-event-id"?: string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Events */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such job */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Jobs, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before */
                    cursor?: string;
                    limit?: number;
                    /** @description one or several, with commas */
                    type?: string;
                    /** @description one or several, with commas */
                    state?: string;
                    /** @description jobs about this model */
                    model?: string;
                    /** @description jobs of this device, parts of others too */
                    device?: string;
                    /** @description parts of this job; without it, only jobs that are no parts */
                    parent?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of jobs */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["JobPage"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One device */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The device */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Device"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such device */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** An agent says what it is, under an id that it keeps */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewDevice"];
                };
            };
            responses: {
                /** @description Known now */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Device"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The id belongs to the agent of another token */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /** Forget a device; jobs that wait for it are cancelled */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Gone */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such device */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{id}/files/{sha256}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A file of the job that an agent holds. Ranges work */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    sha256: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The file */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": string;
                    };
                };
                /** @description A part of it */
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description No job that this agent holds names this file */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All devices; queue and history are `GET /api/jobs?device=` */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Devices */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeviceList"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{id}/jobs/{job}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An agent says how far its job is, at least every 10 s, or how it ended */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    job: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        lease: string;
                        progress?: {
                            step: string;
                            done: number;
                            total?: number;
                        };
                        result?: {
                            /** @enum {string} */
                            format: "snp-bench";
                            /** @enum {number} */
                            version: 1;
                            /** @description ISO 8601 */
                            date: string;
                            protocol: {
                                name: string;
                                launches: number;
                                warmUp: {
                                    runs: number;
                                    tolerance?: number;
                                    mostSeconds?: number;
                                };
                                turn: number;
                                runs: number;
                                leastSeconds: number;
                                /** @enum {string} */
                                statistic: "median" | "mean" | "p90";
                                selfCheck: boolean;
                            };
                            target: {
                                name: string;
                                description: string;
                                runtime: string;
                                version: string;
                                detail?: string;
                            };
                            device: {
                                cpu: string;
                                cores: number;
                                architecture: string;
                                os: string;
                                memoryBytes: number;
                                freeMemoryBytes: number;
                                governor?: string;
                                board?: string;
                                accelerators: string[];
                                node: string;
                            };
                            inputs: {
                                batch: number;
                                dims?: {
                                    [key: string]: number;
                                };
                            };
                            models: ({
                                name: string;
                                /** @description size of the file, external data not counted */
                                bytes: number;
                                /** @description of the file */
                                sha256: string;
                                /** @enum {string} */
                                state: "measured";
                                /** @description milliseconds of every run, by process, or by turn where there was only one; blocks of all models lay side by side */
                                blocks: number[][];
                                summary: {
                                    runs: number;
                                    median: number;
                                    mean: number;
                                    p90: number;
                                    p99: number;
                                    min: number;
                                    max: number;
                                    /** @description standard deviation */
                                    deviation: number;
                                    /** @description runs beyond three interquartile ranges; they count like all others */
                                    outliers: number;
                                };
                                /** @description over the first model; absent for the first */
                                speedUp?: {
                                    ratio: number;
                                    low: number;
                                    high: number;
                                    /** @description how often such intervals hold the truth */
                                    level: number;
                                };
                                loadMs?: number;
                                /** @description most memory of its process, without that of an empty runtime */
                                peakBytes?: number;
                                /** @description of the whole device, while this model ran */
                                joulesPerRun?: number;
                            } | {
                                name: string;
                                /** @description size of the file, external data not counted */
                                bytes: number;
                                /** @description of the file */
                                sha256: string;
                                /** @enum {string} */
                                state: "failed";
                                error: string;
                            })[];
                            /** @description the first model against itself: what noise alone looks like */
                            selfCheck?: {
                                ratio: number;
                                low: number;
                                high: number;
                                /** @description how often such intervals hold the truth */
                                level: number;
                            };
                            observations: {
                                /** @description processors that other programs kept busy, on average */
                                othersBusy?: number;
                                /** @description times the processor slowed down because of heat */
                                throttled?: number;
                            };
                            warnings: string[];
                        };
                        error?: string;
                        /**
                         * @description the agent stops: another time, or another agent
                         * @enum {boolean}
                         */
                        release?: true;
                    };
                };
            };
            responses: {
                /** @description Heard */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description the job was cancelled: stop measuring */
                            stop: boolean;
                        };
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The job is no longer held by this agent: drop it */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{id}/take": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An agent takes its next job; the answer waits up to 25 s for one */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A job */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeviceJob"];
                    };
                };
                /** @description There is none; ask again */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such device; register it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description It was asked again for this device: the latest question is answered */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All tokens */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Tokens */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TokenList"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Make a token; its secret is in this answer and nowhere else */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Repeated within a day, the first answer is given again, and nothing is done twice. */
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewToken"];
                };
            };
            responses: {
                /** @description Made before, with this Idempotency-Key; the secret was in the first answer. Without it, revoke the token */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Token"];
                    };
                };
                /** @description Made */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TokenWithSecret"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a token, and all sessions that it opened; whoever is connected with it is cut off */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Revoked */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description There is no such token */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description It is the last administrator */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who did what, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before */
                    cursor?: string;
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A page of the audit log */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuditPage"];
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It answers */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            status: "ok";
                        };
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Numbers for Prometheus */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Metrics */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Database and storage can be used */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is ready */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            status: "ready";
                        };
                    };
                };
                /** @description The request is not understood */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The token is missing or wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description The role is not allowed this, or the request comes from another site */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Too many requests */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description It is not: starting, stopping, without its database, or without room on its disk */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Session: {
            /** @enum {string} */
            role: "read" | "run" | "admin" | "device";
            /** @description the token behind this request */
            token: {
                id: string;
                name: string;
            };
            /**
             * @description an Authorization header, or the cookie of a browser
             * @enum {string}
             */
            by: "token" | "session";
            /** @description ISO 8601 */
            expires: string | null;
        };
        Problem: {
            /** @description `about:blank`: the status and the code say it all */
            type: string;
            title: string;
            status: number;
            /** @description what is wrong, where, and what to do */
            detail: string;
            /** @enum {string} */
            code: "invalid-file" | "external-data" | "unsupported" | "limit" | "invalid-argument" | "not-prunable" | "plan-mismatch" | "calibration" | "runtime" | "io" | "aborted" | "plugin" | "unauthorized" | "forbidden" | "cross-origin" | "not-found" | "conflict" | "too-many-requests" | "too-slow" | "quota" | "unavailable" | "damaged" | "internal";
            /** @description where in a model */
            place?: {
                file?: string;
                node?: string;
                value?: string;
                group?: string;
            };
            /** @description what is wrong with which part of the request */
            fields?: {
                path: string;
                message: string;
            }[];
            /** @description the same as in the log of the server */
            requestId: string;
        };
        About: {
            version: string;
            limits: {
                /** @description largest file */
                uploadBytes: number;
                /** @description most that all files together may take */
                storedBytes: number;
                usedBytes: number;
                /** @description jobs that may wait or run at once */
                activeJobs: number;
                jobSeconds: number;
                jobMemoryBytes: number;
            };
            presets: string[];
            criteria: string[];
            recoveries: string[];
            protocols: string[];
            preprocessing: string[];
        };
        Upload: {
            id: string;
            /** @description bytes of the whole */
            length: number;
            /** @description bytes that are there: where to go on */
            offset: number;
            complete: boolean;
            /** @description of the whole, once it is complete */
            sha256: string | null;
        };
        Model: {
            id: string;
            name: string;
            /** @description of the ONNX file */
            sha256: string;
            /** @description of all its files */
            bytes: number;
            /** @description external data files beside it */
            data: {
                location: string;
                sha256: string;
                bytes: number;
            }[];
            /**
             * @description `ready` once its analysis is there
             * @enum {string}
             */
            state: "checking" | "ready" | "refused";
            /** @description the job that looks into it */
            analysisJob: string;
            /** @description why it was refused */
            problem: {
                code: string;
                message: string;
            } | null;
            /** @description null until it is ready */
            cost: components["schemas"]["Cost"] | null;
            /** @description the model and the job that made this one; null for uploads */
            origin: {
                model: string;
                job: string;
            } | null;
            /** @description ISO 8601 */
            created: string;
        };
        Cost: {
            /** @description multiply-accumulate operations of one run at batch 1 */
            macs: number;
            params: number;
            /** @description bytes of the weights */
            bytes: number;
        };
        NewModel: {
            /** @description file name, as in `vit.onnx`: results are named after it */
            name: string;
            upload: string;
            /** @default [] */
            data: {
                /** @description as the model names it */
                location: string;
                upload: string;
            }[];
        };
        ModelPage: {
            items: components["schemas"]["Model"][];
            /** @description cursor of the next page; null on the last one */
            next: string | null;
        };
        Analysis: {
            opset: number;
            producer: string;
            nodes: number;
            /** @description what plans for this model must name */
            fingerprint: string;
            inputs: {
                name: string;
                type: string;
                dims: (number | string | null)[];
            }[];
            outputs: {
                name: string;
                type: string;
                dims: (number | string | null)[];
            }[];
            cost: components["schemas"]["Cost"];
            outside: components["schemas"]["Cost"] & unknown;
            /** @description sizes of free dimensions that costs are counted with */
            assumedDims: {
                [key: string]: number;
            };
            prunable: components["schemas"]["Cost"] & unknown;
            /** @description nodes by operator */
            operators: {
                [key: string]: number;
            };
            blocks: components["schemas"]["Block"][];
            groups: components["schemas"]["Group"][];
            frozen: components["schemas"]["FrozenPart"][];
            /** @description why nothing can be pruned; null where something can */
            notPrunable: string | null;
        };
        Block: {
            block: number;
            heads: number;
            /** @description query/key neurons per head; null: frozen or not there */
            queryKey: number | null;
            value: number | null;
            /** @description hidden neurons of each FFN of the block */
            ffn: number[];
            /** @description ids of its groups */
            groups: string[];
            macs: number;
            params: number;
            bytes: number;
        };
        Group: {
            id: string;
            /** @enum {string} */
            kind: "query-key" | "value" | "ffn" | "residual" | "channel" | "head" | "block";
            block: number | null;
            units: number;
            /** @description heads: each keeps equally many units */
            lanes: number;
            /** @description units per head */
            width: number;
            /** @description head of every unit; null where the units of each head follow one another */
            laneOf: number[] | null;
            /** @description what leaves together */
            members: {
                initializer: string;
                dims: number[];
                axis: number;
                /**
                 * @description writes the units, reads them, scales them
                 * @enum {string}
                 */
                role: "output" | "input" | "elementwise";
                /** @description nodes that read it */
                nodes: string[];
            }[];
        };
        FrozenPart: {
            /** @enum {string|null} */
            kind: "query-key" | "value" | "ffn" | "residual" | "channel" | "head" | "block" | null;
            units: number;
            initializers: {
                initializer: string;
                axis: number;
            }[];
            node: string | null;
            operator: string | null;
            reason: string;
        };
        TradeOff: {
            points: {
                /** @description share of the original that is left */
                macs: number;
                /** @description share of the original that is left */
                params: number;
                divergence: number;
            }[];
        };
        Prediction: {
            /** @description units that stay per head, of every group */
            widths: {
                [key: string]: number;
            };
            before: components["schemas"]["Cost"];
            after: components["schemas"]["Cost"];
            /** @description expected divergence of the answers in nats, the sum over groups; null without a calibration */
            divergence: number | null;
            /** @description the same by group; empty without a calibration */
            damage: {
                [key: string]: number;
            };
        };
        PredictionRequest: {
            target: {
                preset: string;
            } | {
                ratios: {
                    [key: string]: number;
                };
            } | {
                budget: components["schemas"]["CostBudget"];
            } | {
                widths: {
                    [key: string]: number;
                };
            } | {
                plan: components["schemas"]["Plan"];
            };
            /** @description a calibration of this model: budgets are divided by what it measured, and divergence is predicted */
            calibration?: string;
            /** @description widths become multiples of it */
            round?: number;
            /** @description share of a kind or group that stays in any case */
            least?: {
                [key: string]: number;
            };
        };
        CostBudget: {
            macs?: number;
            params?: number;
            bytes?: number;
        };
        Plan: {
            /** @enum {string} */
            format: "snp-plan";
            version: 1 | 2;
            tool?: string;
            model: {
                fingerprint: string;
            };
            groups: {
                [key: string]: {
                    units: number;
                    lanes: number;
                    keep: number[];
                };
            };
            compensation?: {
                /** @enum {string} */
                kind: "mean" | "ridge" | "full";
            } & {
                [key: string]: unknown;
            };
            /**
             * @description of version 1, in place of compensation
             * @enum {string}
             */
            recovery?: "mean" | "ridge" | "full";
        } & {
            [key: string]: unknown;
        };
        Dataset: {
            id: string;
            name: string;
            /**
             * @description pictures, flat or in class folders; or .npy and .npz files
             * @enum {string}
             */
            kind: "pictures" | "arrays";
            files: number;
            bytes: number;
            /** @description of the list of names and contents */
            sha256: string;
            /** @description ISO 8601 */
            created: string;
        };
        NewDataset: {
            name: string;
            files: {
                /** @description name within the data set, as in `cat/1.jpg`; a .zip is unpacked in its place */
                path: string;
                upload: string;
            }[];
        };
        DatasetPage: {
            items: components["schemas"]["Dataset"][];
            /** @description cursor of the next page; null on the last one */
            next: string | null;
        };
        Job: components["schemas"]["InspectJob"] | components["schemas"]["CalibrateJob"] | components["schemas"]["CalibrateShardJob"] | components["schemas"]["PruneJob"] | components["schemas"]["SweepJob"] | components["schemas"]["SweepPointJob"] | components["schemas"]["BenchmarkJob"];
        InspectJob: {
            id: string;
            /**
             * @description `waiting`: for other jobs it builds on; `queued`: for a worker. The last three are ends
             * @enum {string}
             */
            state: "waiting" | "queued" | "running" | "done" | "failed" | "cancelled";
            title: string;
            /** @description the job that this one is a part of */
            parent: string | null;
            /** @description jobs that this one is divided into */
            parts: {
                total: number;
                done: number;
            } | null;
            progress: {
                /** @description read, analyze, calibrate, solve, gradients, probe, plan, score, recover, apply, match, compare, write, load, warm-up, measure */
                step: string;
                done: number;
                total: number | null;
                /** @description since it began to run */
                seconds: number;
            } | null;
            /** @description times it was taken up; more than 1 where a worker died */
            attempt: number;
            worker: string | null;
            error: {
                code: string;
                message: string;
            } | null;
            artefacts: {
                name: string;
                type: string;
                bytes: number;
                sha256: string;
                url: string;
            }[];
            /** @description name of the token */
            createdBy: string;
            /** @description ISO 8601 */
            created: string;
            /** @description ISO 8601 */
            started: string | null;
            /** @description ISO 8601 */
            ended: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "inspect";
            input: {
                model: string;
            };
            result: {
                cost: components["schemas"]["Cost"];
            } | null;
        };
        CalibrateJob: {
            id: string;
            /**
             * @description `waiting`: for other jobs it builds on; `queued`: for a worker. The last three are ends
             * @enum {string}
             */
            state: "waiting" | "queued" | "running" | "done" | "failed" | "cancelled";
            title: string;
            /** @description the job that this one is a part of */
            parent: string | null;
            /** @description jobs that this one is divided into */
            parts: {
                total: number;
                done: number;
            } | null;
            progress: {
                /** @description read, analyze, calibrate, solve, gradients, probe, plan, score, recover, apply, match, compare, write, load, warm-up, measure */
                step: string;
                done: number;
                total: number | null;
                /** @description since it began to run */
                seconds: number;
            } | null;
            /** @description times it was taken up; more than 1 where a worker died */
            attempt: number;
            worker: string | null;
            error: {
                code: string;
                message: string;
            } | null;
            artefacts: {
                name: string;
                type: string;
                bytes: number;
                sha256: string;
                url: string;
            }[];
            /** @description name of the token */
            createdBy: string;
            /** @description ISO 8601 */
            created: string;
            /** @description ISO 8601 */
            started: string | null;
            /** @description ISO 8601 */
            ended: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "calibrate";
            input: components["schemas"]["NewCalibration"];
            result: {
                samples: number;
                groups: number;
                skipped: {
                    name: string;
                    reason: string;
                }[];
            } | null;
        };
        NewCalibration: {
            /** @enum {string} */
            preprocess?: "imagenet" | "inception" | "clip" | "cifar10";
            /** @description at most so many */
            limit?: number;
            /** @description every so many-th */
            every?: number;
            /** @description position of the first */
            start?: number;
            /** @description samples per run of the model */
            batch?: number;
            model: string;
            dataset: string;
            /**
             * @description jobs that share the samples, on as many workers as there are
             * @default 1
             */
            shards: number;
            /**
             * @description measure what each group does to the answers: dividing a budget takes it
             * @default true
             */
            effects: boolean;
            /** @description units beyond neurons that may leave too: heads, attention and FFN branches, whole blocks */
            plugins?: ("head" | "block" | "whole-block")[];
        };
        CalibrateShardJob: {
            id: string;
            /**
             * @description `waiting`: for other jobs it builds on; `queued`: for a worker. The last three are ends
             * @enum {string}
             */
            state: "waiting" | "queued" | "running" | "done" | "failed" | "cancelled";
            title: string;
            /** @description the job that this one is a part of */
            parent: string | null;
            /** @description jobs that this one is divided into */
            parts: {
                total: number;
                done: number;
            } | null;
            progress: {
                /** @description read, analyze, calibrate, solve, gradients, probe, plan, score, recover, apply, match, compare, write, load, warm-up, measure */
                step: string;
                done: number;
                total: number | null;
                /** @description since it began to run */
                seconds: number;
            } | null;
            /** @description times it was taken up; more than 1 where a worker died */
            attempt: number;
            worker: string | null;
            error: {
                code: string;
                message: string;
            } | null;
            artefacts: {
                name: string;
                type: string;
                bytes: number;
                sha256: string;
                url: string;
            }[];
            /** @description name of the token */
            createdBy: string;
            /** @description ISO 8601 */
            created: string;
            /** @description ISO 8601 */
            started: string | null;
            /** @description ISO 8601 */
            ended: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "calibrate-shard";
            input: {
                /** @enum {string} */
                preprocess?: "imagenet" | "inception" | "clip" | "cifar10";
                /** @description at most so many */
                limit?: number;
                /** @description every so many-th */
                every?: number;
                /** @description position of the first */
                start?: number;
                /** @description samples per run of the model */
                batch?: number;
                model: string;
                dataset: string;
                /**
                 * @description measure what each group does to the answers: dividing a budget takes it
                 * @default true
                 */
                effects: boolean;
                /** @description units beyond neurons that may leave too: heads, attention and FFN branches, whole blocks */
                plugins?: ("head" | "block" | "whole-block")[];
                shard: number;
                of: number;
            };
            result: {
                samples: number;
                skipped: {
                    name: string;
                    reason: string;
                }[];
            } | null;
        };
        PruneJob: {
            id: string;
            /**
             * @description `waiting`: for other jobs it builds on; `queued`: for a worker. The last three are ends
             * @enum {string}
             */
            state: "waiting" | "queued" | "running" | "done" | "failed" | "cancelled";
            title: string;
            /** @description the job that this one is a part of */
            parent: string | null;
            /** @description jobs that this one is divided into */
            parts: {
                total: number;
                done: number;
            } | null;
            progress: {
                /** @description read, analyze, calibrate, solve, gradients, probe, plan, score, recover, apply, match, compare, write, load, warm-up, measure */
                step: string;
                done: number;
                total: number | null;
                /** @description since it began to run */
                seconds: number;
            } | null;
            /** @description times it was taken up; more than 1 where a worker died */
            attempt: number;
            worker: string | null;
            error: {
                code: string;
                message: string;
            } | null;
            artefacts: {
                name: string;
                type: string;
                bytes: number;
                sha256: string;
                url: string;
            }[];
            /** @description name of the token */
            createdBy: string;
            /** @description ISO 8601 */
            created: string;
            /** @description ISO 8601 */
            started: string | null;
            /** @description ISO 8601 */
            ended: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "prune";
            input: components["schemas"]["NewPruning"];
            result: {
                /** @description the pruned model */
                model: string;
                criterion: string;
                recovery: string;
                /** @description in words */
                budget: string;
                cost: {
                    before: components["schemas"]["Cost"];
                    after: components["schemas"]["Cost"];
                };
                blocks: {
                    block: number | null;
                    before: components["schemas"]["Cost"];
                    after: components["schemas"]["Cost"];
                }[];
                groups: {
                    id: string;
                    kind: string;
                    block: number | null;
                    lanes: number;
                    before: number;
                    after: number;
                }[];
                fidelity: components["schemas"]["Fidelity"] | null;
                tradeOff: {
                    macs: number;
                    divergence: number;
                }[] | null;
                /** @description what was measured for a latency budget */
                latency: {
                    [key: string]: unknown;
                } | null;
                /** @description what training came to, on samples that chose what was taken; absent in old results */
                tuning?: {
                    before: {
                        loss: number;
                        agreement?: number;
                        accuracy?: number;
                    };
                    after: {
                        loss: number;
                        agreement?: number;
                        accuracy?: number;
                    };
                    /** @description whether something better was found, and taken */
                    better: boolean;
                    steps: number;
                    epochs: number;
                    samples: {
                        trained: number;
                        heldBack: number;
                    };
                    rate: number;
                    fidelityBefore?: components["schemas"]["Fidelity"] & unknown;
                    history: {
                        loss: number;
                        agreement?: number;
                        accuracy?: number;
                        epoch: number;
                        seconds: number;
                    }[];
                } | null;
                samples: number;
                warnings: string[];
                seconds: {
                    [key: string]: number;
                };
            } | null;
        };
        NewPruning: {
            model: string;
            target: {
                preset: string;
            } | {
                ratios: {
                    [key: string]: number;
                };
            } | {
                budget: components["schemas"]["CostBudget"];
            } | {
                latency: {
                    device: string;
                    /** @default cpu */
                    target: string;
                    share?: number;
                    ms?: number;
                };
                budget?: components["schemas"]["CostBudget"];
            } | {
                plan: components["schemas"]["Plan"];
            };
            /** @description a calibration of this model that is done, or on its way: the statistics */
            calibration?: string;
            /** @description typical inputs: calibrated with, or, beside a calibration, compared on */
            dataset?: {
                /** @enum {string} */
                preprocess?: "imagenet" | "inception" | "clip" | "cifar10";
                /** @description at most so many */
                limit?: number;
                /** @description every so many-th */
                every?: number;
                /** @description position of the first */
                start?: number;
                /** @description samples per run of the model */
                batch?: number;
                id: string;
            };
            /** @description units beyond neurons that may leave too: heads, attention and FFN branches, whole blocks */
            plugins?: ("head" | "block" | "whole-block")[];
            criterion?: string;
            seed?: number;
            /** @enum {string} */
            recovery?: "none" | "mean" | "ridge" | "full";
            /** @enum {string} */
            allocation?: "planned" | "even";
            least?: {
                [key: string]: number;
            };
            round?: number;
            holdBack?: boolean;
            /** @description train the pruned model towards the original afterwards, on the data set */
            tune?: {
                minutes: number;
            } | {
                epochs: number;
            };
            /** @description of the result; default `NAME.snp.onnx` */
            name?: string;
        };
        Fidelity: {
            /**
             * @description what the answers are; absent in old results: scores
             * @enum {string}
             */
            kind?: "scores" | "embeddings";
            samples: number;
            /** @description what was compared: of a text, its tokens */
            answers?: number;
            /** @description of scores: share of answers with the same highest one */
            agreement?: number;
            cosine: number;
            /** @description of embeddings: the cosine that 5 % of the answers are below */
            lowCosine?: number;
            /** @description of embeddings: of the similarities between any two samples */
            rankCorrelation?: number;
            /** @description of scores in nats; of embeddings the squared error as a share of the variance */
            divergence: number;
            difference: number;
            /** @description where each lies with 95 % confidence */
            interval?: {
                agreement?: {
                    low: number;
                    high: number;
                };
                cosine?: {
                    low: number;
                    high: number;
                };
                divergence: {
                    low: number;
                    high: number;
                };
            };
        };
        SweepJob: {
            id: string;
            /**
             * @description `waiting`: for other jobs it builds on; `queued`: for a worker. The last three are ends
             * @enum {string}
             */
            state: "waiting" | "queued" | "running" | "done" | "failed" | "cancelled";
            title: string;
            /** @description the job that this one is a part of */
            parent: string | null;
            /** @description jobs that this one is divided into */
            parts: {
                total: number;
                done: number;
            } | null;
            progress: {
                /** @description read, analyze, calibrate, solve, gradients, probe, plan, score, recover, apply, match, compare, write, load, warm-up, measure */
                step: string;
                done: number;
                total: number | null;
                /** @description since it began to run */
                seconds: number;
            } | null;
            /** @description times it was taken up; more than 1 where a worker died */
            attempt: number;
            worker: string | null;
            error: {
                code: string;
                message: string;
            } | null;
            artefacts: {
                name: string;
                type: string;
                bytes: number;
                sha256: string;
                url: string;
            }[];
            /** @description name of the token */
            createdBy: string;
            /** @description ISO 8601 */
            created: string;
            /** @description ISO 8601 */
            started: string | null;
            /** @description ISO 8601 */
            ended: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "sweep";
            input: components["schemas"]["NewSweep"];
            result: {
                points: components["schemas"]["SweepPoint"][];
            } | null;
        };
        NewSweep: {
            model: string;
            calibration: string;
            /** @description inputs to compare answers on */
            dataset?: {
                /** @enum {string} */
                preprocess?: "imagenet" | "inception" | "clip" | "cifar10";
                /** @description at most so many */
                limit?: number;
                /** @description every so many-th */
                every?: number;
                /** @description position of the first */
                start?: number;
                /** @description samples per run of the model */
                batch?: number;
                id: string;
            };
            /**
             * @default macs
             * @enum {string}
             */
            of: "macs" | "params" | "bytes";
            /**
             * @default [
             *       0.9,
             *       0.8,
             *       0.7,
             *       0.6,
             *       0.5,
             *       0.4
             *     ]
             */
            keep: number[];
            round?: number;
            least?: {
                [key: string]: number;
            };
            /** @description units beyond neurons that may leave too: heads, attention and FFN branches, whole blocks */
            plugins?: ("head" | "block" | "whole-block")[];
        };
        SweepPoint: {
            budget: {
                [key: string]: number;
            };
            cost: {
                before: components["schemas"]["Cost"];
                after: components["schemas"]["Cost"];
            };
            /** @description on the worker that made it */
            latency: {
                ratio: number;
            } & {
                [key: string]: unknown;
            };
            fidelity?: components["schemas"]["Fidelity"];
            top1?: {
                before: number;
                after: number;
            };
            /** @description the pruned model */
            model: string;
        };
        SweepPointJob: {
            id: string;
            /**
             * @description `waiting`: for other jobs it builds on; `queued`: for a worker. The last three are ends
             * @enum {string}
             */
            state: "waiting" | "queued" | "running" | "done" | "failed" | "cancelled";
            title: string;
            /** @description the job that this one is a part of */
            parent: string | null;
            /** @description jobs that this one is divided into */
            parts: {
                total: number;
                done: number;
            } | null;
            progress: {
                /** @description read, analyze, calibrate, solve, gradients, probe, plan, score, recover, apply, match, compare, write, load, warm-up, measure */
                step: string;
                done: number;
                total: number | null;
                /** @description since it began to run */
                seconds: number;
            } | null;
            /** @description times it was taken up; more than 1 where a worker died */
            attempt: number;
            worker: string | null;
            error: {
                code: string;
                message: string;
            } | null;
            artefacts: {
                name: string;
                type: string;
                bytes: number;
                sha256: string;
                url: string;
            }[];
            /** @description name of the token */
            createdBy: string;
            /** @description ISO 8601 */
            created: string;
            /** @description ISO 8601 */
            started: string | null;
            /** @description ISO 8601 */
            ended: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "sweep-point";
            input: {
                model: string;
                calibration: string;
                /** @description inputs to compare answers on */
                dataset?: {
                    /** @enum {string} */
                    preprocess?: "imagenet" | "inception" | "clip" | "cifar10";
                    /** @description at most so many */
                    limit?: number;
                    /** @description every so many-th */
                    every?: number;
                    /** @description position of the first */
                    start?: number;
                    /** @description samples per run of the model */
                    batch?: number;
                    id: string;
                };
                /**
                 * @default macs
                 * @enum {string}
                 */
                of: "macs" | "params" | "bytes";
                round?: number;
                least?: {
                    [key: string]: number;
                };
                /** @description units beyond neurons that may leave too: heads, attention and FFN branches, whole blocks */
                plugins?: ("head" | "block" | "whole-block")[];
                keep: number;
            };
            result: components["schemas"]["SweepPoint"] | null;
        };
        BenchmarkJob: {
            id: string;
            /**
             * @description `waiting`: for other jobs it builds on; `queued`: for a worker. The last three are ends
             * @enum {string}
             */
            state: "waiting" | "queued" | "running" | "done" | "failed" | "cancelled";
            title: string;
            /** @description the job that this one is a part of */
            parent: string | null;
            /** @description jobs that this one is divided into */
            parts: {
                total: number;
                done: number;
            } | null;
            progress: {
                /** @description read, analyze, calibrate, solve, gradients, probe, plan, score, recover, apply, match, compare, write, load, warm-up, measure */
                step: string;
                done: number;
                total: number | null;
                /** @description since it began to run */
                seconds: number;
            } | null;
            /** @description times it was taken up; more than 1 where a worker died */
            attempt: number;
            worker: string | null;
            error: {
                code: string;
                message: string;
            } | null;
            artefacts: {
                name: string;
                type: string;
                bytes: number;
                sha256: string;
                url: string;
            }[];
            /** @description name of the token */
            createdBy: string;
            /** @description ISO 8601 */
            created: string;
            /** @description ISO 8601 */
            started: string | null;
            /** @description ISO 8601 */
            ended: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "benchmark";
            input: components["schemas"]["NewBenchmark"];
            result: components["schemas"]["BenchmarkResult"] | null;
        };
        NewBenchmark: {
            /** @description the first is the one that the others are compared with */
            models: string[];
            device: string;
            /** @default cpu */
            target: string;
            /** @default default */
            protocol: string;
            /** @default 1 */
            batch: number;
            dims?: {
                [key: string]: number;
            };
        };
        BenchmarkResult: {
            /** @enum {string} */
            format: "snp-bench";
            /** @enum {number} */
            version: 1;
            /** @description ISO 8601 */
            date: string;
            protocol: {
                name: string;
                launches: number;
                warmUp: {
                    runs: number;
                    tolerance?: number;
                    mostSeconds?: number;
                };
                turn: number;
                runs: number;
                leastSeconds: number;
                /** @enum {string} */
                statistic: "median" | "mean" | "p90";
                selfCheck: boolean;
            };
            target: {
                name: string;
                description: string;
                runtime: string;
                version: string;
                detail?: string;
            };
            device: {
                cpu: string;
                cores: number;
                architecture: string;
                os: string;
                memoryBytes: number;
                freeMemoryBytes: number;
                governor?: string;
                board?: string;
                accelerators: string[];
                node: string;
            };
            inputs: {
                batch: number;
                dims?: {
                    [key: string]: number;
                };
            };
            /** @description the first model against itself: what noise alone looks like */
            selfCheck?: {
                ratio: number;
                low: number;
                high: number;
                /** @description how often such intervals hold the truth */
                level: number;
            };
            observations: {
                /** @description processors that other programs kept busy, on average */
                othersBusy?: number;
                /** @description times the processor slowed down because of heat */
                throttled?: number;
            };
            warnings: string[];
            models: ({
                name: string;
                /** @description size of the file, external data not counted */
                bytes: number;
                /** @description of the file */
                sha256: string;
                /** @enum {string} */
                state: "measured";
                summary: {
                    runs: number;
                    median: number;
                    mean: number;
                    p90: number;
                    p99: number;
                    min: number;
                    max: number;
                    /** @description standard deviation */
                    deviation: number;
                    /** @description runs beyond three interquartile ranges; they count like all others */
                    outliers: number;
                };
                /** @description over the first model; absent for the first */
                speedUp?: {
                    ratio: number;
                    low: number;
                    high: number;
                    /** @description how often such intervals hold the truth */
                    level: number;
                };
                loadMs?: number;
                /** @description most memory of its process, without that of an empty runtime */
                peakBytes?: number;
                /** @description of the whole device, while this model ran */
                joulesPerRun?: number;
                id: string;
            } | {
                name: string;
                /** @description size of the file, external data not counted */
                bytes: number;
                /** @description of the file */
                sha256: string;
                /** @enum {string} */
                state: "failed";
                error: string;
                id: string;
            })[];
        };
        LogLine: {
            seq: number;
            /** @description ISO 8601 */
            at: string;
            /** @enum {string} */
            level: "info" | "warn" | "error";
            text: string;
        };
        JobPage: {
            items: components["schemas"]["Job"][];
            /** @description cursor of the next page; null on the last one */
            next: string | null;
        };
        Device: {
            id: string;
            name: string;
            fingerprint: {
                cpu: string;
                cores: number;
                architecture: string;
                os: string;
                memoryBytes: number;
                freeMemoryBytes: number;
                governor?: string;
                board?: string;
                accelerators: string[];
                node: string;
            };
            targets: {
                name: string;
                description: string;
                available: boolean;
                runtime?: string;
                version?: string;
                detail?: string;
                reason?: string;
            }[];
            /**
             * @description `away`: nothing was heard of it for a minute
             * @enum {string}
             */
            state: "idle" | "busy" | "away";
            /** @description ISO 8601 */
            seen: string;
            /** @description ISO 8601 */
            created: string;
            /** @description jobs that wait for it */
            queued: number;
            /** @description the job it is at */
            running: string | null;
            /** @description jobs it has done */
            done: number;
        };
        DeviceList: {
            items: components["schemas"]["Device"][];
        };
        NewDevice: {
            name: string;
            fingerprint: {
                cpu: string;
                cores: number;
                architecture: string;
                os: string;
                memoryBytes: number;
                freeMemoryBytes: number;
                governor?: string;
                board?: string;
                accelerators: string[];
                node: string;
            };
            targets: {
                name: string;
                description: string;
                available: boolean;
                runtime?: string;
                version?: string;
                detail?: string;
                reason?: string;
            }[];
        };
        DeviceJob: {
            job: string;
            lease: string;
            work: {
                models: {
                    name: string;
                    sha256: string;
                    data: {
                        location: string;
                        sha256: string;
                    }[];
                    inputs: {
                        batch: number;
                        dims?: {
                            [key: string]: number;
                        };
                    };
                }[];
                target: string;
                protocol: {
                    name: string;
                    launches: number;
                    warmUp: {
                        runs: number;
                        tolerance?: number;
                        mostSeconds?: number;
                    };
                    turn: number;
                    runs: number;
                    leastSeconds: number;
                    /** @enum {string} */
                    statistic: "median" | "mean" | "p90";
                    selfCheck: boolean;
                };
            };
        };
        Token: {
            id: string;
            name: string;
            /** @enum {string} */
            role: "read" | "run" | "admin" | "device";
            /** @description ISO 8601 */
            created: string;
            /** @description last time, to the minute */
            used: string | null;
            /** @description ISO 8601 */
            expires: string | null;
        };
        TokenWithSecret: components["schemas"]["Token"] & {
            secret: string;
        };
        NewToken: {
            name: string;
            /** @enum {string} */
            role: "read" | "run" | "admin" | "device";
            /** @description until it expires; never by default */
            days?: number;
            /** @description the same in minutes */
            minutes?: number;
        };
        AuditPage: {
            items: {
                /** @description ISO 8601 */
                at: string;
                token: string | null;
                action: string;
                subject: string | null;
                status: number;
                address: string;
            }[];
            /** @description cursor of the next page; null on the last one */
            next: string | null;
        };
        TokenList: {
            items: components["schemas"]["Token"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
